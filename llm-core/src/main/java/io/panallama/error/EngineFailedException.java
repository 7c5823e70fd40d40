package io.panallama.error;

/**
 * The engine's thread ended by an error, which is the cause. Nothing was started, and trying again does not help: start
 * another engine.
 */
public final class EngineFailedException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /**
   * @param cause what ended the engine
   */
  public EngineFailedException(Throwable cause) {
    super("The engine has failed: " + cause, cause);
  }
}
