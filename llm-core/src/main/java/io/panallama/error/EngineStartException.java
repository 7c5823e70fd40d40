package io.panallama.error;

import org.jspecify.annotations.Nullable;

/** An engine could not be started on a loaded model. */
public final class EngineStartException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why the engine was refused. */
  public enum Reason {
    /** The KV cache and compute buffers do not fit into the memory that is free. */
    INSUFFICIENT_MEMORY,
    /** The model was loaded without weights. */
    VOCABULARY_ONLY,
    /** The model is no text decoder (an encoder or embedding model). */
    NOT_A_DECODER,
    /** llama.cpp refused the configuration; its own words are in the message. */
    REFUSED
  }

  private final Reason reason;

  /** An engine that does not start. */
  public EngineStartException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }
}
