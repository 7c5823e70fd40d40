package io.panallama.config;

/** How a model is divided among several GPUs; the values of llama.h's {@code llama_split_mode}. */
public enum SplitMode {
  /** Not at all: {@link ModelConfig#mainGpu} has everything. */
  NONE,
  /** Whole layers and their part of the KV cache. The default. */
  LAYER,
  /** The rows of matrices, where the backend can do that. */
  ROW,
  /** All tensors, computed in parallel; for some architectures only, and with flash attention. */
  TENSOR
}
