package io.panallama.internal.cache;

import java.io.IOException;
import java.nio.file.Path;

/** A file that is not an image that may be loaded: it is damaged, truncated, or belongs to something else. */
public final class RefusedImageException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What is wrong with the file. */
  public enum Reason {
    /** It does not begin like an image. */
    NOT_AN_IMAGE,
    /** It has another version of the format. */
    VERSION,
    /** It is longer or shorter than its header says. */
    LENGTH,
    /** A checksum does not match: the header or the state was altered. */
    CHECKSUM,
    /**
     * It belongs to another model, other cache types, another version of llama.cpp, or other tokens; or it was signed
     * with another key or none.
     */
    FOREIGN
  }

  private final Reason reason;

  RefusedImageException(Reason reason, Path file, String message) {
    super(file + ": " + message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
