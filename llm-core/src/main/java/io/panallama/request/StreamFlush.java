package io.panallama.request;

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
  SENTENCE
}
