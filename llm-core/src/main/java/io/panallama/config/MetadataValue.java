package io.panallama.config;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** A value that overrides an entry of a model's metadata; the types of llama.h's {@code llama_model_kv_override_type}. */
public sealed interface MetadataValue {
  /** The maximum length of a key or a text in UTF-8 bytes; llama.cpp's fields hold 128 including the terminator. */
  int MAX_BYTES = 127;

  /** A value for an entry of any integer type. A value that the entry's type cannot hold is rejected when the model is loaded. */
  record IntegerValue(long value) implements MetadataValue {}

  /** A value for an entry of a floating-point type. */
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

  /** A value for a boolean entry. */
  record BooleanValue(boolean value) implements MetadataValue {}

  /** A value for a text entry, at most {@link #MAX_BYTES}. */
  record TextValue(String value) implements MetadataValue {
    /**
     * Checks the length.
     *
     * @throws IllegalArgumentException if it is too long or contains a NUL
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

  /** An integer value. */
  static MetadataValue of(long value) {
    return new IntegerValue(value);
  }

  /** A floating-point value. */
  static MetadataValue of(double value) {
    return new FloatValue(value);
  }

  /** A boolean value. */
  static MetadataValue of(boolean value) {
    return new BooleanValue(value);
  }

  /** A text value. */
  static MetadataValue of(String value) {
    return new TextValue(value);
  }

  /**
   * Checks the key of an entry.
   *
   * @throws IllegalArgumentException if it is empty, too long or contains a NUL
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
