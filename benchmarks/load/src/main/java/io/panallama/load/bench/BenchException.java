package io.panallama.load.bench;

/** The request can't be measured; the message is for the user. */
public final class BenchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BenchException(String message) {
    super(message);
  }
}
