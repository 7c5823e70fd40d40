package io.panallama.error;

/** An engine in a process of its own was asked for something that works only in this process. */
public final class IsolationException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Reports what can't cross the border of a process. */
  public IsolationException(String message) {
    super(message, null);
  }
}
