package io.panallama.quantize;

/**
 * What a quantisation made, or would make.
 *
 * @param type what the model was converted to
 * @param parameters weights of the model
 * @param tensors how many tensors there are
 * @param fallbackTensors how many got another type than the recipe says because their rows are no whole number of its
 *     blocks (256 weights for most types)
 * @param sourceBytes bytes of all tensors before
 * @param bytes bytes of all tensors afterwards; an estimate has them to a hundredth of a MiB
 */
public record QuantizationResult(
    QuantizationType type, long parameters, int tensors, int fallbackTensors, long sourceBytes, long bytes) {
  /** Bits per weight before. */
  public double sourceBitsPerWeight() {
    return 8.0 * sourceBytes / parameters;
  }

  /** Bits per weight afterwards. */
  public double bitsPerWeight() {
    return 8.0 * bytes / parameters;
  }
}
