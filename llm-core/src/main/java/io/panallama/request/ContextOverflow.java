package io.panallama.request;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Usage;

/** How a generation that does not fit into its context is handled ({@link io.panallama.Engine#sequenceContextSize Engine.sequenceContextSize}). */
public sealed interface ContextOverflow {
  /**
   * A prompt that leaves no room for an answer is rejected with {@link PromptTooLongException}, which has both counts; an answer that fills the context ends with {@link FinishReason#CONTEXT_FULL}. The default.
   */
  record Reject() implements ContextOverflow {}

  /**
   * Like {@link Reject}, but a prompt that leaves no room gets an empty answer with {@link FinishReason#CONTEXT_FULL} instead of an exception.
   */
  record Stop() implements ContextOverflow {}

  /**
   * The generation continues without its oldest tokens after the first {@code keep}: whenever the context is full, the older half of the other tokens is discarded and the rest is recomputed, so the model sees a text that it could have been given. A prompt that is too long loses tokens at the same position. {@link Usage#discardedTokens} counts the discarded tokens.
   *
   * @param keep number of leading tokens that always stay, such as a system prompt; less than the context
   */
  record Shift(int keep) implements ContextOverflow {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if {@code keep} is negative
     */
    public Shift {
      Checks.inRange("overflow.keep", keep, 0, Integer.MAX_VALUE);
    }
  }
}
