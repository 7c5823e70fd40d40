package io.panallama.error;

/** A text has more tokens than an embedder takes. Nothing was computed. */
public final class TextTooLongException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  private final int index;
  private final int tokens;
  private final int maxTokens;

  /**
   * Reports a text.
   *
   * @param index of the text among those given, from 0
   * @param tokens its tokens, those that the vocabulary puts around it included
   * @param maxTokens how many the embedder takes
   */
  public TextTooLongException(int index, int tokens, int maxTokens) {
    super(
        "texts[" + index + "]",
        name("texts[" + index + "]")
            + " has "
            + tokens
            + " tokens, but the model takes "
            + maxTokens
            + "; shorten it, or have it truncated or divided.");
    this.index = index;
    this.tokens = tokens;
    this.maxTokens = maxTokens;
  }

  /** The index of the text among those given, from 0. */
  public int index() {
    return index;
  }

  /** The number of its tokens. */
  public int tokens() {
    return tokens;
  }

  /** The number of tokens that the embedder takes. */
  public int maxTokens() {
    return maxTokens;
  }
}
