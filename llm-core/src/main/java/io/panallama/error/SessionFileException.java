package io.panallama.error;

import java.nio.file.Path;

/** A session can't be written to a file or read from one. */
public final class SessionFileException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** What is wrong with the file. */
  public enum Reason {
    /** The file can't be read or written, or the thread was interrupted meanwhile; it stays interrupted then. */
    IO,
    /** It is not a session file, or has another version of the format. */
    NOT_A_SESSION,
    /** It is truncated or altered. */
    DAMAGED,
    /**
     * It belongs to another model, other KV cache types or another version of llama.cpp; or an older release or another
     * installation wrote it, or it is forged.
     */
    FOREIGN,
    /** There is no key to sign or verify it with, see {@link io.panallama.config.EngineConfig#sessionKey sessionKey}. */
    NO_KEY
  }

  private final Reason reason;
  private final transient Path file;

  /** Reports a session that cannot be written or read. */
  public SessionFileException(Reason reason, Path file, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.file = file;
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }

  /** The file as it was given. */
  public Path file() {
    return file;
  }
}
