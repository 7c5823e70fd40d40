package io.panallama.request;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Usage;

/** What becomes of a generation that does not fit into its context ({@link io.panallama.Engine#sequenceContextSize Engine.sequenceContextSize}). */
public sealed interface ContextOverflow {
  /**
   * A prompt that leaves no room for an answer is refused with {@link PromptTooLongException}, which has both counts; an
   * answer that fills the context ends with {@link FinishReason#CONTEXT_FULL}. The default.
   */
  record Reject() implements ContextOverflow {}

  /**
   * As {@link Reject}, but a prompt that leaves no room is answered with nothing and {@link FinishReason#CONTEXT_FULL}
   * instead of an exception.
   */
  record Stop() implements ContextOverflow {}

  /**
   * The generation goes on without the oldest tokens behind the first {@code keep}: whenever the context is full, the
   * older half of what is not kept is taken out and what remains is computed anew, so the model sees a text that it could
   * have been given. A prompt that is too long loses its tokens in the same place. {@link Usage#discardedTokens} says how
   * many were lost.
   *
   * @param keep tokens at the beginning that always stay, such as a system prompt; less than the context
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
