package io.panallama.models;

import io.panallama.quantize.QuantizationType;

/**
 * The result of an import.
 *
 * @param name {@code general.name} of the model
 * @param type type of most weights
 * @param tensors number of tensors
 * @param parameters number of weights
 * @param bytes total bytes of the tensors
 */
public record OnnxImportResult(String name, QuantizationType type, int tensors, long parameters, long bytes) {
  /** Bits per weight. */
  public double bitsPerWeight() {
    return 8.0 * bytes / parameters;
  }
}
