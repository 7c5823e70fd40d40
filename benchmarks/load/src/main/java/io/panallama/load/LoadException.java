package io.panallama.load;

import org.jspecify.annotations.Nullable;

/** A server that can't be measured; the message says what it did. */
public final class LoadException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What is wrong. */
  public enum Reason {
    /** No server can be reached at the address. */
    UNREACHABLE,
    /** It has no such route. */
    NOT_FOUND,
    /** It wants another API key, or one at all. */
    UNAUTHORIZED,
    /** What answers doesn't speak OpenAI's API. */
    NOT_OPENAI,
    /** It refused what the plan needs. */
    REFUSED
  }

  private final Reason reason;

  LoadException(Reason reason, String message) {
    this(reason, message, null);
  }

  LoadException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
