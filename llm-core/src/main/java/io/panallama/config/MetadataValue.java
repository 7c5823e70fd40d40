package io.panallama.config;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** A value that replaces an entry of a model's metadata; the types of llama.h's {@code llama_model_kv_override_type}. */
public sealed interface MetadataValue {
  /** The most bytes (UTF-8) of a key or a text; llama.cpp's fields hold 128 with the end. */
  int MAX_BYTES = 127;

  /** For an entry of any integer type. A value that the entry's type cannot hold is refused when the model is loaded. */
  record IntegerValue(long value) implements MetadataValue {}

  /** For an entry of a floating-point type. */
  record FloatValue(double value) implements MetadataValue {
    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException if it is not finite
     */
    public FloatValue {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("metadata is " + value + "; it must be a finite number.");
      }
    }
  }

  /** For an entry that is true or false. */
  record BooleanValue(boolean value) implements MetadataValue {}

  /** For a text, at most {@link #MAX_BYTES}. */
  record TextValue(String value) implements MetadataValue {
    /**
     * Checks the length.
     *
     * @throws IllegalArgumentException if it is too long or has a NUL
     */
    public TextValue {
      requireText("metadata", value, 0);
    }
  }

  /** The value as llama.cpp would write it, such as {@code 4096}. */
  default String text() {
    return switch (this) {
      case IntegerValue(long value) -> Long.toString(value);
      case FloatValue(double value) -> Double.toString(value);
      case BooleanValue(boolean value) -> Boolean.toString(value);
      case TextValue(String value) -> value;
    };
  }

  /** An integer. */
  static MetadataValue of(long value) {
    return new IntegerValue(value);
  }

  /** A floating-point number. */
  static MetadataValue of(double value) {
    return new FloatValue(value);
  }

  /** True or false. */
  static MetadataValue of(boolean value) {
    return new BooleanValue(value);
  }

  /** A text. */
  static MetadataValue of(String value) {
    return new TextValue(value);
  }

  /**
   * Checks the key of an entry.
   *
   * @throws IllegalArgumentException if it is empty, too long or has a NUL
   */
  static void requireKey(String key) {
    requireText("the key of metadata", key, 1);
  }

  private static void requireText(String what, String text, int least) {
    int bytes = Objects.requireNonNull(text, "text").getBytes(StandardCharsets.UTF_8).length;
    if (bytes < least || bytes > MAX_BYTES || text.indexOf(0) >= 0) {
      throw new IllegalArgumentException(
          what + " is \"" + text + "\"; it must have " + least + " to " + MAX_BYTES + " bytes and no NUL.");
    }
  }
}
