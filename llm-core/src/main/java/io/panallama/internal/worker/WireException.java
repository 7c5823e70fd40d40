package io.panallama.internal.worker;

/** The other side sent what it can't have meant. */
public final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public WireException(String message) {
    super("The connection between engine and worker is broken: " + message + ".");
  }
}
