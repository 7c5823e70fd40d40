package io.panallama.error;

/** The prompt alone fills or exceeds the context of one sequence. Nothing was truncated. */
public final class PromptTooLongException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  private final int promptTokens;
  private final int contextSize;
  private final boolean exact;

  /** Reports a prompt of this many tokens for a context of this many. */
  public PromptTooLongException(int promptTokens, int contextSize) {
    this(promptTokens, contextSize, true);
  }

  private PromptTooLongException(int promptTokens, int contextSize, boolean exact) {
    super(
        "prompt",
        "The prompt has "
            + (exact ? "" : "at least ")
            + promptTokens
            + " tokens, but the context holds "
            + contextSize
            + " tokens for prompt and answer together; shorten the prompt or start with a larger context size.");
    this.promptTokens = promptTokens;
    this.contextSize = contextSize;
    this.exact = exact;
  }

  /**
   * Reports a prompt that was not tokenized, because its text alone needs more tokens than fit.
   *
   * @param promptTokens the fewest tokens that the text can have
   */
  public static PromptTooLongException atLeast(int promptTokens, int contextSize) {
    return new PromptTooLongException(promptTokens, contextSize, false);
  }

  /** Whether the prompt was tokenized, so that {@link #promptTokens} is its number of tokens and not the fewest. */
  public boolean isExact() {
    return exact;
  }

  /** The number of tokens in the prompt, or the fewest that it can have; see {@link #isExact}. */
  public int promptTokens() {
    return promptTokens;
  }

  /** The number of tokens that one sequence may hold, prompt and answer together. */
  public int contextSize() {
    return contextSize;
  }
}
