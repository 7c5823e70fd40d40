package io.panallama.cli.settings;

import org.jspecify.annotations.Nullable;

/** The configuration file can't be used; the message names the file, and the line where there is one. */
public final class SettingsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  SettingsException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
