package io.panallama.server.documents;

import io.panallama.error.PanallamaException;
import org.jspecify.annotations.Nullable;

/** A {@link DocumentLibrary} refuses something, or fails. The message says what is wrong, what is allowed, and what to do. */
public final class LibraryException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why it failed. */
  public enum Reason {
    /** There is no file, upload, vector store, file of a vector store, or batch of that id. */
    UNKNOWN_ID,
    /** A value is out of its range. */
    INVALID,
    /** The vector store has expired. */
    EXPIRED,
    /** The file has more bytes than one may have. */
    FILE_TOO_LARGE,
    /** All files together would have more bytes than they may have, or there would be too many of something. */
    LIBRARY_FULL,
    /** Too many files wait to be read; later there is room again. */
    BUSY,
    /** Another server uses the folder. */
    LOCKED,
    /** The disk is full; what was acknowledged is kept. */
    DISK_FULL,
    /** The folder can't be read or written. */
    STORAGE,
    /** The library is closed. */
    CLOSED
  }

  private final Reason reason;
  private final @Nullable String parameter;

  /** An exception with its cause. */
  public LibraryException(Reason reason, String message, @Nullable Throwable cause) {
    this(reason, null, message, cause);
  }

  private LibraryException(Reason reason, @Nullable String parameter, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.parameter = parameter;
  }

  /**
   * With {@link Reason#INVALID}.
   *
   * @param parameter the value that is out of its range, as OpenAI's API names it: {@code purpose}, {@code metadata.KEY} ...
   */
  static LibraryException invalid(String parameter, String message) {
    return new LibraryException(Reason.INVALID, parameter, message, null);
  }

  /** With {@link Reason#FILE_TOO_LARGE}; see {@link #invalid}. */
  static LibraryException tooLarge(String parameter, String message) {
    return new LibraryException(Reason.FILE_TOO_LARGE, parameter, message, null);
  }

  /** An exception. */
  public LibraryException(Reason reason, String message) {
    this(reason, message, null);
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }

  /** The value that is out of its range; null if it is not about one. */
  public @Nullable String parameter() {
    return parameter;
  }
}
