package io.panallama.cli;

import org.jspecify.annotations.Nullable;

/** The user's input can't be used; the message is the line to print. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    this(message, null);
  }

  UsageException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
