package io.panallama.quantize;

/**
 * The actual or estimated result of a quantisation.
 *
 * @param type the type that the model was converted to
 * @param parameters number of weights in the model
 * @param tensors number of tensors
 * @param fallbackTensors number of tensors that got another type than the recipe's, because their rows are not a whole number of its blocks (256 weights for most types)
 * @param sourceBytes total bytes of the tensors before
 * @param bytes total bytes of the tensors afterwards; an estimate is accurate to 0.01 MiB
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
