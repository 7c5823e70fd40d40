package io.panallama.bindings;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when the native libraries cannot be used in this process. The message says what was searched for, where, and what
 * to do.
 *
 * <p>The failure is final: every later {@link NativeLibraries#load} through the same class loader fails with the same
 * reason.
 */
public final class NativeLoadException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What went wrong. */
  public enum Reason {
    /** There is nothing to load: no jar has libraries for this platform, or the given folder lacks one. */
    NOT_FOUND,
    /** The operating system or processor is not supported, or the libraries are built for another one. */
    WRONG_PLATFORM,
    /** llama.cpp or the bridge has another version than the bindings. */
    WRONG_VERSION,
    /** A struct has another layout than the bindings expect, so calls would corrupt memory. */
    WRONG_LAYOUT,
    /** The libraries lack a function that the bindings call. */
    MISSING_SYMBOL,
    /** A packaged or unpacked file is not what its index says. */
    CORRUPT,
    /** The operating system refused a file, or the libraries failed to start. */
    LOAD_FAILED
  }

  /** What went wrong. */
  private final Reason reason;

  NativeLoadException(Reason reason, String message) {
    this(reason, message, null);
  }

  NativeLoadException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** {@return what went wrong, for callers that react to it} */
  public Reason reason() {
    return reason;
  }
}
