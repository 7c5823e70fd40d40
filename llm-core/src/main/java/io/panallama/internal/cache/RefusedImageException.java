package io.panallama.internal.cache;

import java.io.IOException;
import java.nio.file.Path;

/** A file is no image that may be loaded: damaged, cut off, or of something else. */
public final class RefusedImageException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What is wrong with the file. */
  public enum Reason {
    /** It does not begin as an image does. */
    NOT_AN_IMAGE,
    /** Another version of the format. */
    VERSION,
    /** It is longer or shorter than it says. */
    LENGTH,
    /** The header or the state is not what was written. */
    CHECKSUM,
    /** Of another model, other cache types, another version of llama.cpp, or other tokens. */
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
