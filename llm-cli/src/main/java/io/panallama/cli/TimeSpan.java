package io.panallama.cli;

import io.panallama.load.Durations;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A length of time with its unit: {@code 500ms}, {@code 30s}, {@code 2m}; or 0. */
final class TimeSpan implements ITypeConverter<Duration> {
  @Override
  public Duration convert(String value) {
    if (value.strip().equals("0")) {
      return Duration.ZERO;
    }
    try {
      return Durations.parse(value);
    } catch (IllegalArgumentException malformed) {
      throw new TypeConversionException("'" + value + "' is not a length of time with its unit, such as 500ms or 30s");
    }
  }
}
