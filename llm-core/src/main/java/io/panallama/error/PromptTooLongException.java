package io.panallama.error;

/** The prompt alone fills or exceeds the context of one sequence. Nothing was truncated. */
public final class PromptTooLongException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  private final int promptTokens;
  private final int contextSize;

  /** Reports a prompt of this many tokens for a context of this many. */
  public PromptTooLongException(int promptTokens, int contextSize) {
    super(
        "prompt",
        "The prompt has "
            + promptTokens
            + " tokens, but the context holds "
            + contextSize
            + " tokens for prompt and answer together; shorten the prompt or start with a larger context size.");
    this.promptTokens = promptTokens;
    this.contextSize = contextSize;
  }

  /** The number of tokens in the prompt. */
  public int promptTokens() {
    return promptTokens;
  }

  /** The number of tokens that one sequence may hold, prompt and answer together. */
  public int contextSize() {
    return contextSize;
  }
}
