package io.panallama.config;

/** When rows of large tensors are read; the values of llama.h's {@code llama_lazy_mode}. */
public enum LazyMode {
  /** With the rest of the model. */
  OFF,
  /** On demand for marked tensors of more than 4 GiB in a mapped file. The default. */
  AUTO,
  /** On demand for all marked tensors in a mapped file. */
  ON
}
