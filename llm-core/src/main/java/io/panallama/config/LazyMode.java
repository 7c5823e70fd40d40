package io.panallama.config;

/** When the rows of large tensors are read; the values of llama.h's {@code llama_lazy_mode}. */
public enum LazyMode {
  /** Read with the rest of the model. */
  OFF,
  /** Read on demand for marked tensors of more than 4 GiB in a mapped file. The default. */
  AUTO,
  /** Read on demand for all marked tensors in a mapped file. */
  ON
}
