package io.panallama.config;

import java.util.Objects;

/**
 * Assigns tensors to a buffer type by name, for example to keep the experts of a mixture in host memory: {@code new TensorPlacement("\\.ffn_.*_exps", "CPU")}.
 *
 * @param pattern a regular expression (ECMAScript) that is searched for in the tensor's name
 * @param bufferType ggml's name of a buffer type, such as {@code "CPU"} or {@code "CUDA0"}. A name that ggml does not know is rejected when the model is loaded
 */
public record TensorPlacement(String pattern, String bufferType) {
  /**
   * Checks both parts.
   *
   * @throws IllegalArgumentException if one is empty or contains a NUL
   */
  public TensorPlacement {
    require("pattern", pattern);
    require("bufferType", bufferType);
  }

  private static void require(String part, String value) {
    Objects.requireNonNull(value, part);
    if (value.isEmpty() || value.indexOf(0) >= 0) {
      throw new IllegalArgumentException(
          "tensorPlacements." + part + " is \"" + value + "\"; it must have at least one character and no NUL.");
    }
  }
}
