package io.panallama.error;

import org.jspecify.annotations.Nullable;

/** An engine, an embedder, a reranker or a classifier could not be started on a loaded model. */
public final class EngineStartException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why the engine could not be started. */
  public enum Reason {
    /**
     * The KV cache and compute buffers do not fit into the free memory, or the process of an {@link
     * io.panallama.IsolatedEngine} does not start within its {@link io.panallama.config.IsolationConfig#memoryBytes()}.
     */
    INSUFFICIENT_MEMORY,
    /** The model was loaded without weights. */
    VOCABULARY_ONLY,
    /** The model is not a text decoder (it is an encoder or embedding model). */
    NOT_A_DECODER,
    /** The model gives no vectors of a text: it ranks or classifies, or needs more than text. */
    NOT_AN_EMBEDDER,
    /** The model does not score a query with a document: it has no head for it, or one that knows several labels. */
    NOT_A_RERANKER,
    /** The model has no head that gives labels. */
    NOT_A_CLASSIFIER,
    /** The processes of an {@link io.panallama.IsolatedEngine} died one after the other while they started; the message says how, and where its report is. */
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
