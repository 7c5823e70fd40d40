package io.panallama.models;

import io.panallama.embedding.Pooling;
import io.panallama.quantize.QuantizationListener;
import io.panallama.quantize.QuantizationType;
import java.util.Optional;

/**
 * What {@link OnnxImporter} can't learn from its sources. Immutable.
 *
 * @param type type of the weights; F32, F16 and BF16 are written directly, others by way of a temporary F32 file
 * @param pooling the pooling that the model was trained with
 * @param name {@code general.name}; the name of the ONNX file, without its extension, if empty
 * @param license {@code general.license}, an SPDX identifier in lower case
 * @param overwrite whether an existing output is replaced
 * @param listener receives the progress of quantising, and can stop it
 */
public record OnnxImportConfig(
    QuantizationType type,
    Pooling pooling,
    Optional<String> name,
    Optional<String> license,
    boolean overwrite,
    QuantizationListener listener) {
  /** Half precision, pooling by the mean, named after the ONNX file; nothing is overwritten. */
  public static final OnnxImportConfig DEFAULT =
      new OnnxImportConfig(
          QuantizationType.F16, Pooling.MEAN, Optional.empty(), Optional.empty(), false, QuantizationListener.NONE);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if the type is {@link QuantizationType#COPY} or needs an importance matrix, the
   *     pooling is {@link Pooling#MODEL} or {@link Pooling#NONE}, or the name is blank
   */
  public OnnxImportConfig {
    if (type == QuantizationType.COPY) {
      throw new IllegalArgumentException("type is COPY; an import needs the type of the weights, such as F16.");
    }
    if (type.needsImportanceMatrix()) {
      throw new IllegalArgumentException(
          "type is " + type + ", which needs an importance matrix; import the model as F16, and quantise it with one.");
    }
    if (pooling == Pooling.MODEL) {
      throw new IllegalArgumentException(
          "pooling is MODEL, but an ONNX file does not name one; it must be MEAN, CLS or LAST.");
    }
    if (pooling == Pooling.NONE) {
      throw new IllegalArgumentException(
          "pooling is NONE, which an embedder can choose for any model; it must be MEAN, CLS or LAST.");
    }
    if (name.isPresent() && name.get().isBlank()) {
      throw new IllegalArgumentException("name is blank.");
    }
  }

  /** With another type of weights. */
  public OnnxImportConfig withType(QuantizationType value) {
    return new OnnxImportConfig(value, pooling, name, license, overwrite, listener);
  }

  /** With another pooling. */
  public OnnxImportConfig withPooling(Pooling value) {
    return new OnnxImportConfig(type, value, name, license, overwrite, listener);
  }

  /** With a name for the model. */
  public OnnxImportConfig withName(String value) {
    return new OnnxImportConfig(type, pooling, Optional.of(value), license, overwrite, listener);
  }

  /** With the model's license. */
  public OnnxImportConfig withLicense(String value) {
    return new OnnxImportConfig(type, pooling, name, Optional.of(value), overwrite, listener);
  }

  /** With or without permission to overwrite the output. */
  public OnnxImportConfig withOverwrite(boolean value) {
    return new OnnxImportConfig(type, pooling, name, license, value, listener);
  }

  /** With a listener. */
  public OnnxImportConfig withListener(QuantizationListener value) {
    return new OnnxImportConfig(type, pooling, name, license, overwrite, value);
  }
}
