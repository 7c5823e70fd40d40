package io.panallama.cli;

import picocli.CommandLine.ITypeConverter;

/** Bytes of {@code --cache-ram}: with a unit, or as llama-server's option of that name has them, mebibytes. */
final class CacheSize implements ITypeConverter<Long> {
  private final Size size = new Size();

  @Override
  public Long convert(String value) {
    return size.convert(value.matches("[1-9]\\d*") ? value + "M" : value);
  }
}
