package io.panallama.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Bytes of {@code --cache-ram}: with a unit, or as llama-server's option of that name has them, mebibytes, of which -1 is
 * as many as there may be.
 */
final class CacheSize implements ITypeConverter<Long> {
  /** The engine takes its share of the free memory then. */
  static final long UNLIMITED = Long.MAX_VALUE;

  @Override
  public Long convert(String value) {
    if (value.equals("-1")) {
      return UNLIMITED;
    }
    return Size.bytes(value.matches("[1-9]\\d*") ? value + "M" : value)
        .orElseThrow(() ->
            new TypeConversionException(
                "'"
                    + value
                    + "' is no size: a number without a unit is mebibytes here, 2G is a size with its unit, 0 keeps"
                    + " nothing, and -1 sets no limit"));
  }
}
