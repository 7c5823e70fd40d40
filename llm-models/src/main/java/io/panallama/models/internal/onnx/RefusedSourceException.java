package io.panallama.models.internal.onnx;

import org.jspecify.annotations.Nullable;

/** A source can't be imported. The message says what in it and why, without the file's name. */
public final class RefusedSourceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What is wrong with the source. */
  public enum Kind {
    /** It is not a file of its format, or a damaged one. */
    MALFORMED,
    /** It is sound, but holds something that can't be imported. */
    UNSUPPORTED
  }

  private final Kind kind;

  private RefusedSourceException(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  static RefusedSourceException malformed(String message) {
    return new RefusedSourceException(Kind.MALFORMED, message, null);
  }

  static RefusedSourceException malformed(String message, Throwable cause) {
    return new RefusedSourceException(Kind.MALFORMED, message, cause);
  }

  static RefusedSourceException unsupported(String message) {
    return new RefusedSourceException(Kind.UNSUPPORTED, message, null);
  }

  /** What is wrong with the source. */
  public Kind kind() {
    return kind;
  }
}
