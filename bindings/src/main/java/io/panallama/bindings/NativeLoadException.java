package io.panallama.bindings;

import org.jspecify.annotations.Nullable;

/**
 * The native libraries cannot be used in this process. The message says what was looked for, where, and what to do.
 *
 * <p>The failure is final: every later {@link NativeLibraries#load} of the process fails with the same reason.
 */
public final class NativeLoadException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What went wrong. */
  public enum Reason {
    /** Nothing to load: no packaged libraries for this platform, or no such library in the given folder. */
    NOT_FOUND,
    /** The operating system or processor is not supported, or the libraries are made for another one. */
    WRONG_PLATFORM,
    /** llama.cpp or the bridge is of another version than the bindings. */
    WRONG_VERSION,
    /** A struct is laid out in another way than the bindings expect; calls would corrupt memory. */
    WRONG_LAYOUT,
    /** The libraries lack a function that the bindings call. */
    MISSING_SYMBOL,
    /** A packaged or unpacked file is not what its index says. */
    CORRUPT,
    /** The operating system refused a file, or the libraries failed to start. */
    LOAD_FAILED
  }

  private final Reason reason;

  NativeLoadException(Reason reason, String message) {
    this(reason, message, null);
  }

  NativeLoadException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** What went wrong, for callers that react to it. */
  public Reason reason() {
    return reason;
  }
}
