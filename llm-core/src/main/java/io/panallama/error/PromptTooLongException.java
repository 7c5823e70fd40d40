package io.panallama.error;

import java.util.Objects;

/** The prompt alone fills or exceeds the context of one sequence. Nothing was truncated. */
public final class PromptTooLongException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  private final int promptTokens;
  private final int contextSize;
  private final boolean exact;
  private final Limit limit;

  /** What limits the context of one sequence, and with it what would help besides a shorter prompt. */
  public enum Limit {
    /** The configured context size; a larger one would help. */
    CONTEXT("shorten the prompt or start with a larger context size"),
    /** A slot's share of the configured context; a larger one or fewer slots would help. */
    SHARE("shorten the prompt, or start with a larger context size or with fewer slots to share it"),
    /** The number of tokens that the model was trained for; only a shorter prompt helps. */
    MODEL("shorten the prompt, because the model was trained for no more tokens");

    private final String advice;

    Limit(String advice) {
      this.advice = advice;
    }
  }

  /** Reports a prompt of this many tokens for a configured context of this many. */
  public PromptTooLongException(int promptTokens, int contextSize) {
    this(promptTokens, contextSize, Limit.CONTEXT);
  }

  /** Reports a prompt of this many tokens for a context of this many. */
  public PromptTooLongException(int promptTokens, int contextSize, Limit limit) {
    this(promptTokens, contextSize, limit, true);
  }

  private PromptTooLongException(int promptTokens, int contextSize, Limit limit, boolean exact) {
    super(
        "prompt",
        "The prompt has "
            + (exact ? "" : "at least ")
            + promptTokens
            + " tokens, but the context holds "
            + contextSize
            + " tokens for prompt and answer together; "
            + limit.advice
            + ".");
    this.promptTokens = promptTokens;
    this.contextSize = contextSize;
    this.limit = Objects.requireNonNull(limit, "limit");
    this.exact = exact;
  }

  /**
   * Reports a prompt that was not tokenized, because its text alone needs more tokens than fit.
   *
   * @param promptTokens the fewest tokens that the text can have
   */
  public static PromptTooLongException atLeast(int promptTokens, int contextSize) {
    return atLeast(promptTokens, contextSize, Limit.CONTEXT);
  }

  /**
   * Reports a prompt that was not tokenized, because its text alone needs more tokens than fit.
   *
   * @param promptTokens the fewest tokens that the text can have
   */
  public static PromptTooLongException atLeast(int promptTokens, int contextSize, Limit limit) {
    return new PromptTooLongException(promptTokens, contextSize, limit, false);
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

  /** What limits {@link #contextSize}. */
  public Limit limit() {
    return limit;
  }
}
