/**
 * Models that are not GGUF files yet: ONNX files of sentence-transformers ({@link io.panallama.models.OnnxImporter}) and
 * the artifacts of Maven repositories that hold them ({@link io.panallama.models.EmbeddingModels}).
 *
 * <pre>{@code
 * OnnxImporter.importModel(
 *     Path.of("model.onnx"), Path.of("tokenizer.json"), Path.of("model.gguf"), OnnxImportConfig.DEFAULT);
 * Path minilm = EmbeddingModels.minilm();
 * }</pre>
 */
@NullMarked
package io.panallama.models;

import org.jspecify.annotations.NullMarked;
