package io.panallama.load;

/**
 * The number of tokens of a prompt of words: {@code fixed + perWord * words}. Immutable.
 *
 * @param fixed the tokens that the template adds
 * @param perWord tokens of one word, larger than 0
 */
public record PromptScale(double fixed, double perWord) {
  /** Typical values for English, used if the server does not count tokens. */
  static final PromptScale GUESSED = new PromptScale(8, 1.3);

  /**
   * @throws IllegalArgumentException if {@code perWord} is not larger than 0
   */
  public PromptScale {
    if (!(perWord > 0)) {
      throw new IllegalArgumentException("a word has " + perWord + " tokens; it must be more than 0");
    }
  }

  /** The line through two measured prompts. */
  static PromptScale through(int words, int tokens, int moreWords, int moreTokens) {
    double perWord = (double) (moreTokens - tokens) / (moreWords - words);
    return perWord > 0 ? new PromptScale(Math.max(0, tokens - perWord * words), perWord) : GUESSED;
  }

  /** The number of words of a prompt with this many tokens, at least 1. */
  int words(int tokens) {
    return (int) Math.max(1, Math.round((tokens - fixed) / perWord));
  }
}
