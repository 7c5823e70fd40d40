package io.panallama.internal.types;

/** A constructor threw an exception, which is the cause. The message names the constructor, the position in the JSON, and the exception's message. */
public final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RefusedException(String path, Class<?> type, Exception cause) {
    super("at " + path + " the constructor of " + type.getSimpleName() + " threw " + cause, cause);
  }
}
