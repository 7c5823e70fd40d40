package io.panallama.load;

import org.jspecify.annotations.Nullable;

/** The server cannot be measured; the message says why. */
public final class LoadException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The kind of problem. */
  public enum Reason {
    /** No server can be reached at the address. */
    UNREACHABLE,
    /** The server does not have the route. */
    NOT_FOUND,
    /** The server refuses the API key, or requires one. */
    UNAUTHORIZED,
    /** The server does not speak OpenAI's API. */
    NOT_OPENAI,
    /** The server refused a request that the plan needs. */
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
