package io.panallama.internal.cache;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The key that signs images can't be read or made. The message says what to do. */
public final class UnusableKeyException extends IOException {
  private static final long serialVersionUID = 1L;

  UnusableKeyException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
