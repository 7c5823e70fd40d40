package io.panallama.error;

import org.jspecify.annotations.Nullable;

/** The llama.cpp libraries could not be found, do not fit this machine, or have another version. */
public final class NativeLibraryException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** What is wrong with the libraries. */
  public enum Reason {
    /** There are no libraries for this backend on the class path, or the configured folder lacks them. */
    NOT_FOUND,
    /** There are libraries, but for another operating system or processor. */
    WRONG_PLATFORM,
    /** The libraries have another llama.cpp or bridge version than the bindings. */
    WRONG_VERSION,
    /** A struct has another layout than the bindings expect. */
    WRONG_LAYOUT,
    /** A function that the bindings call is missing. */
    MISSING_SYMBOL,
    /** A file differs from its recorded SHA-256. */
    CORRUPT,
    /** The operating system refused to load a library. */
    LOAD_FAILED
  }

  private final Reason reason;

  /** Reports libraries that cannot be used. */
  public NativeLibraryException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }
}
