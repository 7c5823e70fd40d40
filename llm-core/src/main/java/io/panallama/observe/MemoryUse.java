package io.panallama.observe;

import java.util.Objects;

/**
 * The memory that llama.cpp holds for a model and its context on one device. Sizes are those of llama.cpp's own plan, in bytes.
 *
 * @param device ggml's name of the device, such as {@code "CUDA0"}, or {@code "host"} for the memory of the machine
 * @param model the weights, also where they are mapped from the file
 * @param context the KV cache and recurrent states
 * @param compute the buffers of the graphs
 */
public record MemoryUse(String device, long model, long context, long compute) {
  /** All components are required. */
  public MemoryUse {
    Objects.requireNonNull(device, "device");
  }
}
