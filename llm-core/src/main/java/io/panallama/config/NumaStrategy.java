package io.panallama.config;

/**
 * How threads are distributed over the nodes of a machine with non-uniform memory access (NUMA); ggml's {@code ggml_numa_strategy}. It applies to the whole process; see {@link io.panallama.NativeRuntime#initializeNuma}.
 */
public enum NumaStrategy {
  /** Spread the threads evenly over all nodes. */
  DISTRIBUTE,
  /** Keep all threads on the node on which the process started. */
  ISOLATE,
  /** Use the processors that {@code numactl} assigned to the process. */
  NUMACTL
}
