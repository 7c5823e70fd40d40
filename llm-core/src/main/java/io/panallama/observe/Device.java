package io.panallama.observe;

/**
 * A processor that ggml can compute on.
 *
 * @param name ggml's short name, such as {@code "CPU"} or {@code "CUDA0"}
 * @param description the product's name
 * @param backend ggml's backend, such as {@code "CPU"} or {@code "CUDA"}
 * @param type what kind of device it is
 * @param memoryFree bytes free at the time of the call
 * @param memoryTotal bytes
 */
public record Device(String name, String description, String backend, Type type, long memoryFree, long memoryTotal) {
  /** The kinds of ggml's {@code ggml_backend_dev_type}. */
  public enum Type {
    /** The processors, with host memory. */
    CPU,
    /** A graphics card with memory of its own. */
    GPU,
    /** A graphics unit that shares host memory. */
    INTEGRATED_GPU,
    /** A library or unit that works beside the CPU, in host memory. */
    ACCELERATOR,
    /** Several devices that compute one tensor together. */
    META
  }
}
