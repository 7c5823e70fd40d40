/**
 * GGUF files in pure Java: reading a model file's description without loading its weights, rejecting files on which llama.cpp would abort, and writing small or synthetic models.
 *
 * <pre>{@code
 * GgufFile file = GgufFile.read(Path.of("model.gguf"));
 * System.out.println(file.architecture() + ", " + file.tensors().size() + " tensors");
 * ModelPreflight.check(file);
 * }</pre>
 *
 * <p>llama.cpp reacts to some broken files with {@code GGML_ASSERT}, which ends the process and with it the JVM. Therefore {@link io.panallama.gguf.GgufFile#read} checks the container (bounds, types, offsets), and {@link io.panallama.gguf.ModelPreflight#check} what llama.cpp v0.5.0 derives from it (hyperparameters, vocabulary, shards), before a path is passed to native code. Every fault is a {@link io.panallama.error.ModelLoadException}.
 */
@NullMarked
package io.panallama.gguf;

import org.jspecify.annotations.NullMarked;
