package io.panallama.config;

/** How a model is split across several GPUs; the values of llama.h's {@code llama_split_mode}. */
public enum SplitMode {
  /** No split: {@link ModelConfig#mainGpu} has everything. */
  NONE,
  /** By whole layers, each with its part of the KV cache. The default. */
  LAYER,
  /** By the rows of matrices, if the backend supports it. */
  ROW,
  /** Across all tensors, computed in parallel; only for some architectures, and with flash attention. */
  TENSOR
}
