package io.panallama.cli;

import io.panallama.quantize.QuantizationType;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a type of weights, in any case. */
final class WeightType implements ITypeConverter<QuantizationType> {
  @Override
  public QuantizationType convert(String value) {
    try {
      return QuantizeCommand.type(value);
    } catch (UsageException unknown) {
      throw new TypeConversionException(String.valueOf(unknown.getMessage()));
    }
  }
}
