package io.panallama.benchmarks.compare;

/** A part of the comparison could not be run; the message says which and why. */
public final class CompareException extends RuntimeException {
  private static final long serialVersionUID = 1;

  CompareException(String message) {
    super(message);
  }

  CompareException(String message, Throwable cause) {
    super(message, cause);
  }
}
