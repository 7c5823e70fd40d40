package io.panallama.models.internal.maven;

import org.jspecify.annotations.Nullable;

/** An artifact can't be had or used; the message does not name it. */
public final class ArtifactException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Kind {
    /** The repositories answered, and none has it. */
    NOT_FOUND,
    /** No repository could be asked. */
    UNREACHABLE,
    /** What came is not what the repository or the caller says it should be. */
    CHECKSUM,
    /** The settings can't be read. */
    SETTINGS,
    /** It holds no model, or several. */
    NO_MODEL,
    /** The listener asked to stop. */
    CANCELLED
  }

  private final Kind kind;
  private final boolean contradicted;

  ArtifactException(Kind kind, String message, @Nullable Throwable cause) {
    this(kind, false, message, cause);
  }

  private ArtifactException(Kind kind, boolean contradicted, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.contradicted = contradicted;
  }

  /** A failure of {@link Kind#CHECKSUM} where the repository has another checksum, rather than none. */
  static ArtifactException contradicted(String message, Throwable cause) {
    return new ArtifactException(Kind.CHECKSUM, true, message, cause);
  }

  /** Whether a checksum of the repository says that what came is something else. */
  boolean isContradicted() {
    return contradicted;
  }

  /** Why. */
  public Kind kind() {
    return kind;
  }
}
