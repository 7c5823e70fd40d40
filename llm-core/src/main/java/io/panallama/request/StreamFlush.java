package io.panallama.request;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Where the pieces of streamed text end. Larger pieces come later: each waits for the character that shows where it ends. The
 * text is the same, and what is left comes before the end of the stream.
 */
public enum StreamFlush {
  /** As soon as a character is known. */
  TOKEN,
  /**
   * At the borders of words (Unicode Standard Annex 29), as {@link java.text.BreakIterator} finds them. In scripts that put
   * no spaces between words, such as Chinese and Thai, at the borders of characters.
   */
  WORD,
  /** At the borders of sentences, as {@link java.text.BreakIterator} finds them. */
  SENTENCE;

  /** The name on the wire: {@code "token"}, {@code "word"}, {@code "sentence"}. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The value of a wire name.
   *
   * @throws IllegalArgumentException if there is none; the message lists the known ones
   */
  public static StreamFlush fromWireName(String name) {
    for (StreamFlush flush : values()) {
      if (flush.wireName().equals(name)) {
        return flush;
      }
    }
    String known = Arrays.stream(values()).map(StreamFlush::wireName).collect(Collectors.joining(", "));
    throw new IllegalArgumentException("Unknown unit \"" + name + "\"; known ones are " + known + ".");
  }
}
