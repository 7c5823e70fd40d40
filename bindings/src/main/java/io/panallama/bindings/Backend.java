package io.panallama.bindings;

/** The kind of device that the loaded set of libraries computes on. */
public enum Backend {
  /** The CPU library that ggml selected for this machine. */
  CPU,
  /** NVIDIA GPUs through CUDA, and the CPU. */
  CUDA
}
