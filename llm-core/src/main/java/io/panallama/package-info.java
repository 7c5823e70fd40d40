/**
 * Local language models in this process: load a GGUF file, start an engine on it, stream its output.
 *
 * <pre>{@code
 * try (Model model = Model.load(Path.of("model.gguf"));
 *     Engine engine = Engine.start(model, EngineConfig.defaults());
 *     Generation generation = engine.generate(ChatRequest.of("Tell me a story"))) {
 *   for (GenerationEvent event : generation) {
 *     if (event instanceof GenerationEvent.Text text) {
 *       System.out.print(text.text());
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>A {@link io.panallama.Model} is the weights and the vocabulary, shared by any number of engines. An {@link io.panallama.Engine} owns one llama.cpp context and one platform thread that decodes for all of its generations at once. A {@link io.panallama.generation.Generation} is one stream of an engine's output; reading it blocks, so read it on a virtual thread, or subscribe to it. A {@link io.panallama.Session} is an ongoing conversation. Everything native is owned by a model or an engine and is freed by the {@code close} of its last owner.
 */
@NullMarked
package io.panallama;

import org.jspecify.annotations.NullMarked;
