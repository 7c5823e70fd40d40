/** ONNX Runtime behind {@code /v1/embeddings}, as a peer for {@code benchmarks/compare}. */
@NullMarked
package io.panallama.onnx;

import org.jspecify.annotations.NullMarked;
