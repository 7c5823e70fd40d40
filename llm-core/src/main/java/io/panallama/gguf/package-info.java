/**
 * GGUF files in pure Java: reading what a model file says about itself without loading its weights, refusing files that
 * llama.cpp would abort on, and writing small or synthetic models.
 *
 * <pre>{@code
 * GgufFile file = GgufFile.read(Path.of("model.gguf"));
 * System.out.println(file.architecture() + ", " + file.tensors().size() + " tensors");
 * ModelPreflight.check(file);
 * }</pre>
 *
 * <p>llama.cpp answers some broken files with {@code GGML_ASSERT}, which ends the process and with it the JVM. {@link
 * io.panallama.gguf.GgufFile#read} therefore checks the container (bounds, types, offsets) and {@link
 * io.panallama.gguf.ModelPreflight#check} what llama.cpp v0.5.0 derives from it (hyperparameters, vocabulary, shards)
 * before a path is handed to native code. Every fault is a {@link io.panallama.error.ModelLoadException}.
 */
@NullMarked
package io.panallama.gguf;

import org.jspecify.annotations.NullMarked;
