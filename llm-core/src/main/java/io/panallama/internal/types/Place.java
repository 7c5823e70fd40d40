package io.panallama.internal.types;

import io.panallama.error.UnsupportedTypeException;
import org.jspecify.annotations.Nullable;

/**
 * The element that has a type, in words: {@code component price of record shop.Item}.
 *
 * @param words without an article
 */
public record Place(String words) {
  Place elementOf() {
    return new Place("element of " + words);
  }

  /**
   * @param why the rest of the sentence, including its full stop
   */
  public UnsupportedTypeException unsupported(String why) {
    return unsupported(why, null);
  }

  public UnsupportedTypeException unsupported(String why, @Nullable Throwable cause) {
    return new UnsupportedTypeException(words, why, cause);
  }
}
