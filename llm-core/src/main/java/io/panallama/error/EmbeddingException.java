package io.panallama.error;

import org.jspecify.annotations.Nullable;

/** Texts could not be embedded, ranked or classified, though nothing is wrong with the request. Other requests go on. */
public final class EmbeddingException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Reason {
    /** llama.cpp failed to compute a batch. */
    COMPUTE_FAILED,
    /** The model gave numbers that are infinite or none, which no vector and no score can have. */
    NOT_FINITE,
    /** The thread that waited was interrupted; its texts are not computed. */
    INTERRUPTED,
    /**
     * The process that computed ({@link io.panallama.config.Isolation#PROCESS}) has died of these texts, again when it had
     * nothing else; for a while, the same call is refused without being tried.
     */
    ENGINE_KILLED,
    /** The process that computed has died, and no other has started since. It is tried on; try again later. */
    ENGINE_RESTARTING
  }

  private final Reason reason;

  /** Reports texts that were not computed. */
  public EmbeddingException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** What went wrong. */
  public Reason reason() {
    return reason;
  }
}
