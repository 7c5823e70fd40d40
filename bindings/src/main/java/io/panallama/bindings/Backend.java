package io.panallama.bindings;

/** The kind of device that the loaded set of libraries computes on. */
public enum Backend {
  /** The CPU library that ggml picked for this machine. */
  CPU,
  /** NVIDIA GPUs through CUDA, with the CPU beside them. */
  CUDA
}
