package io.panallama.error;

/** The engine was closed by its owner; nothing was started, and trying again does not help. */
public final class EngineClosedException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Reports that the engine is closed. */
  public EngineClosedException() {
    super("The engine is closed.", null);
  }
}
