package io.panallama.typed;

import io.panallama.error.PanallamaException;
import io.panallama.generation.Completion;
import org.jspecify.annotations.Nullable;

/** A model's answer that could not be turned into a Java value. It carries the answer as far as it came. */
public final class AnswerException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why there is no value. */
  public enum Reason {
    /**
     * The answer ended before it was complete: {@link Completion#reason()} says whether because of a token or time limit, a stop text, a full context or a cancellation.
     */
    CUT_OFF,
    /**
     * The answer is not JSON of the type. An {@link io.panallama.Engine} never produces such an answer, unless it is nested deeper than 1000 levels; a generator that does not enforce response formats may.
     */
    MISMATCH,
    /** A constructor threw; its exception is the cause. Constraints that only the constructor knows can't be enforced. */
    REFUSED
  }

  private final Reason reason;
  private final transient Completion completion;

  AnswerException(Reason reason, Completion completion, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.completion = completion;
  }

  public Reason reason() {
    return reason;
  }

  /** The answer with its text, finish reason, usage and timings. */
  public Completion completion() {
    return completion;
  }
}
