package io.panallama.observe;

/**
 * A processor that ggml can compute on.
 *
 * @param name ggml's short name, such as {@code "CPU"} or {@code "CUDA0"}
 * @param description the product's name
 * @param backend ggml's backend, such as {@code "CPU"} or {@code "CUDA"}
 * @param type the kind of device
 * @param memoryFree free bytes at the time of the call
 * @param memoryTotal total bytes
 */
public record Device(String name, String description, String backend, Type type, long memoryFree, long memoryTotal) {
  /** The kinds of ggml's {@code ggml_backend_dev_type}. */
  public enum Type {
    /** The CPU, with host memory. */
    CPU,
    /** A GPU with its own memory. */
    GPU,
    /** A GPU that shares host memory. */
    INTEGRATED_GPU,
    /** A library or unit that accelerates the CPU, in host memory. */
    ACCELERATOR,
    /** Several devices that compute one tensor together. */
    META
  }
}
