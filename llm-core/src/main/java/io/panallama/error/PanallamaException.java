package io.panallama.error;

import org.jspecify.annotations.Nullable;

/**
 * Root of every exception that Panallama throws deliberately.
 *
 * <p>Programming errors keep their JDK types: {@link IllegalArgumentException} for a value that no request can have, {@link IllegalStateException} for use after close.
 */
public abstract class PanallamaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For the exceptions of the library's own packages. */
  protected PanallamaException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
