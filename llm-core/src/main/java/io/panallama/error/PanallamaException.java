package io.panallama.error;

import org.jspecify.annotations.Nullable;

/**
 * Root of every exception that Panallama throws on purpose.
 *
 * <p>Programming errors keep their JDK types: {@link IllegalArgumentException} for a value no request can carry, {@link
 * IllegalStateException} for use after close.
 */
public abstract class PanallamaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For the exceptions of the library's own packages. */
  protected PanallamaException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
