package io.panallama.typed;

import io.panallama.error.PanallamaException;
import io.panallama.generation.Completion;
import org.jspecify.annotations.Nullable;

/** A model's answer that did not become a Java value. It carries the answer as far as it came. */
public final class AnswerException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why there is no value. */
  public enum Reason {
    /**
     * The answer ended before it was whole: {@link Completion#reason()} says whether by the limit of tokens or time, a stop text,
     * a full context or a cancellation.
     */
    CUT_OFF,
    /**
     * The answer is not JSON of the type. An {@link io.panallama.Engine} makes none such, except where it is nested deeper than
     * 1000 levels; a generator that does not keep response formats may.
     */
    MISMATCH,
    /** A constructor threw; what it threw is the cause. Constraints that only the constructor knows can't be enforced. */
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

  /** The answer with its text, its end, and what it took. */
  public Completion completion() {
    return completion;
  }
}
