package io.panallama.config;

import java.util.Objects;

/**
 * Where tensors of some names go, such as the experts of a mixture that are to stay in host memory: {@code new
 * TensorPlacement("\\.ffn_.*_exps", "CPU")}.
 *
 * @param pattern a regular expression (ECMAScript) found anywhere in the tensor's name
 * @param bufferType ggml's name of a buffer type, such as {@code "CPU"} or {@code "CUDA0"}. One that ggml does not know is
 *     refused when the model is loaded
 */
public record TensorPlacement(String pattern, String bufferType) {
  /**
   * Checks both parts.
   *
   * @throws IllegalArgumentException if one is empty or has a NUL
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
