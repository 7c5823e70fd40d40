package io.panallama.cli;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads constants of an enum in lower case and with hyphens; the error for any other word lists them all. */
abstract class Words<E extends Enum<E>> implements ITypeConverter<E> {
  private final Set<E> allowed;

  Words(Class<E> type) {
    this(EnumSet.allOf(type));
  }

  /**
   * @param allowed the constants that may be named
   */
  Words(Set<E> allowed) {
    this.allowed = allowed;
  }

  @Override
  public E convert(String value) {
    return allowed.stream()
        .filter(constant -> word(constant).equalsIgnoreCase(value))
        .findFirst()
        .orElseThrow(() ->
            new TypeConversionException(
                "'" + value + "' is none of " + allowed.stream().map(Words::word).collect(Collectors.joining(", "))));
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
