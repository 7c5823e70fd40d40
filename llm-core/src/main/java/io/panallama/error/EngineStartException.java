package io.panallama.error;

import org.jspecify.annotations.Nullable;

/** An engine could not be started on a loaded model. */
public final class EngineStartException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why the engine could not be started. */
  public enum Reason {
    /** The KV cache and compute buffers do not fit into the free memory. */
    INSUFFICIENT_MEMORY,
    /** The model was loaded without weights. */
    VOCABULARY_ONLY,
    /** The model is not a text decoder (it is an encoder or embedding model). */
    NOT_A_DECODER,
    /** The process of an {@link io.panallama.IsolatedEngine} died; the message says how, and where its report is. */
    PROCESS_DIED,
    /** llama.cpp rejected the configuration; the message quotes it. */
    REFUSED
  }

  private final Reason reason;

  /** Reports an engine that does not start. */
  public EngineStartException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Why the engine could not be started. */
  public Reason reason() {
    return reason;
  }
}
