package io.panallama.request;

/**
 * How streamed text is split into pieces. Larger pieces arrive later: each waits for the character that shows where it ends. The text is the same, and the rest is released before the end of the stream.
 */
public enum StreamFlush {
  /** Release each character as soon as it is complete. */
  TOKEN,
  /**
   * Split at word borders (Unicode Standard Annex 29), as found by {@link java.text.BreakIterator}. Scripts that put no spaces between words, such as Chinese and Thai, are split at character borders.
   */
  WORD,
  /** Split at sentence borders, as found by {@link java.text.BreakIterator}. */
  SENTENCE
}
