package io.panallama.cli;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Bytes. A unit is required, so that a plain number is not mistaken for llama-server's mebibytes. */
final class Size implements ITypeConverter<Long> {
  private static final Pattern SIZE = Pattern.compile("(\\d+)([KMGT])(?:iB)?", Pattern.CASE_INSENSITIVE);
  private static final String UNITS = "KMGT";

  @Override
  public Long convert(String value) {
    return bytes(value)
        .orElseThrow(() ->
            new TypeConversionException("'" + value + "' is neither 0 nor a size with its unit, such as 512M or 2G"));
  }

  /**
   * The bytes that a text with a unit, or 0, stands for; empty if it is something else.
   *
   * @throws TypeConversionException if they are more than a number of bytes can be
   */
  static OptionalLong bytes(String value) {
    if (value.equals("0")) {
      return OptionalLong.of(0);
    }
    Matcher size = SIZE.matcher(value);
    try {
      if (size.matches()) {
        int unit = UNITS.indexOf(Character.toUpperCase(size.group(2).charAt(0)));
        return OptionalLong.of(Math.multiplyExact(Long.parseLong(size.group(1)), 1L << 10 * (unit + 1)));
      }
    } catch (ArithmeticException | NumberFormatException tooLarge) {
      throw new TypeConversionException("'" + value + "' is more than any machine has");
    }
    return OptionalLong.empty();
  }
}
