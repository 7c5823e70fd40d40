/**
 * The chat server: an OpenAI-compatible HTTP API that streams tokens over SSE from virtual threads, and a chat page.
 *
 * <pre>{@code
 * try (ChatServer server = ChatServer.start(ServerConfig.builder().port(0).build())) {
 *   server.serve(ServedModel.of("my-model", 4096), engine);
 *   System.out.println("Chat at " + server.uri());
 *   Thread.currentThread().join();
 * }
 * }</pre>
 *
 * <p>Every request runs on its own virtual thread, which is the only writer of its response and blocks on the {@link
 * io.panallama.generation.Generation} that feeds it. Models are served from a {@link io.panallama.server.registry.Registry registry}; API dialects are packages of their own that
 * nothing but this package knows. Close
 * the server before the engine, so that running answers end with an error event instead of a broken stream.
 */
@NullMarked
package io.panallama.server;

import org.jspecify.annotations.NullMarked;
