package io.panallama.internal.types;

/** A constructor threw. The message says which, where in the JSON, and what it said; the cause is what it threw. */
public final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RefusedException(String path, Class<?> type, Exception cause) {
    super("at " + path + " the constructor of " + type.getSimpleName() + " threw " + cause, cause);
  }
}
