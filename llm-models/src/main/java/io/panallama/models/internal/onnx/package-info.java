/**
 * Encoders of the BERT family in ONNX files, and their tokenizers, as GGUF.
 *
 * <p>{@link io.panallama.models.internal.onnx.OnnxReader} reads the graph without its weights, {@link
 * io.panallama.models.internal.onnx.BertMatcher} finds the encoder in it, and {@link
 * io.panallama.models.internal.onnx.BertGguf} writes it. Every fault of a source is a {@link
 * io.panallama.models.internal.onnx.RefusedSourceException}.
 */
@NullMarked
package io.panallama.models.internal.onnx;

import org.jspecify.annotations.NullMarked;
