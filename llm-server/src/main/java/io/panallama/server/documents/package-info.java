/**
 * Uploaded files and the vector stores that are made of them, kept in a folder and searched with an embedding model.
 *
 * <pre>{@code
 * CollectionEmbedder model = CollectionEmbedder.of("minilm", embedder);
 * try (DocumentLibrary library = DocumentLibrary.open(Path.of("files"), model, LibraryLimits.DEFAULT);
 *     ChatServer server = ChatServer.start(config)) {
 *   server.serve(library);
 *   Thread.currentThread().join();
 * }
 * }</pre>
 *
 * <p>Nothing here knows HTTP or a wire format. What is refused throws {@link io.panallama.server.documents.LibraryException}.
 */
@NullMarked
package io.panallama.server.documents;

import org.jspecify.annotations.NullMarked;
