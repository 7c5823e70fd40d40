package io.panallama.config;

/**
 * How threads are laid out over the nodes of a machine with non-uniform memory access (NUMA); ggml's {@code
 * ggml_numa_strategy}. It holds for the whole process; see {@link io.panallama.NativeRuntime#initializeNuma}.
 */
public enum NumaStrategy {
  /** Spread evenly over all nodes. */
  DISTRIBUTE,
  /** All on the node on which the process started. */
  ISOLATE,
  /** On the processors that {@code numactl} gave the process. */
  NUMACTL
}
