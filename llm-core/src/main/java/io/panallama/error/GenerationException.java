package io.panallama.error;

import io.panallama.sampling.LogitProcessor;
import org.jspecify.annotations.Nullable;

/**
 * A running generation failed. Other generations continue unless the engine closed.
 */
public final class GenerationException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** What ended the generation. */
  public enum Reason {
    /** The engine was closed while the generation was waiting or running. */
    ENGINE_CLOSED,
    /** llama.cpp failed to decode or to sample. */
    DECODE_FAILED,
    /**
     * No token can come next: the grammar and the bans exclude every token, or penalties, biases or the temperature make
     * numbers that nothing can be drawn from. The request causes this.
     */
    NO_TOKEN_LEFT,
    /**
     * Matching the grammar needs more than 5 seconds or 64 MiB for one token, because it has too many alternatives at
     * once. The request causes this.
     */
    GRAMMAR_LIMIT,
    /** The model's output does not match its chat format, such as half a tool call. */
    MALFORMED_OUTPUT,
    /** The generation's {@link LogitProcessor} threw, forbade every candidate, or exceeded its time limit. */
    PROCESSOR_FAILED,
    /**
     * The engine's process died while it computed this generation, again when it was tried alone, so it is not tried
     * once more. Only an {@link io.panallama.IsolatedEngine} survives that. The same request is refused for a while.
     */
    ENGINE_KILLED,
    /**
     * The engine's process died and does not start again, although that is tried on: the request may succeed later. Only an
     * {@link io.panallama.IsolatedEngine} restarts.
     */
    ENGINE_RESTARTING,
    /**
     * Memory ran out while the request was prepared or answered: the Java heap, what {@link
     * io.panallama.config.IsolationConfig#memoryBytes} allows the engine's process, or the machine's. The message says which, how much
     * there is, and what helps. The engine goes on; a smaller request, or the same one later, may succeed.
     */
    OUT_OF_MEMORY,
    /** An error ended the engine while the generation was waiting or running; the engine does not recover. */
    ENGINE_FAILED,
    /** The thread that waited, for the next event or while its request was prepared, was interrupted; nothing goes on. */
    INTERRUPTED
  }

  private final Reason reason;

  /** Reports a generation that failed. */
  public GenerationException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }
}
