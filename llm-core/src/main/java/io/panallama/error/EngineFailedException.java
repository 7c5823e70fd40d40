package io.panallama.error;

/**
 * An error, which is the cause, ended the engine's thread. Nothing was started, and trying again does not help: start another engine.
 */
public final class EngineFailedException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /**
   * @param cause the error that ended the engine
   */
  public EngineFailedException(Throwable cause) {
    super("The engine has failed: " + cause, cause);
  }
}
