package io.panallama.server.keys;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A key file can't be used. The message names the file, what is wrong, and what to do; it quotes no secret. */
public final class KeyFileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String file;

  KeyFileException(Path file, String reason, @Nullable Throwable cause) {
    super("The key file " + file + " can't be used: " + reason + ".", cause);
    this.file = file.toString();
  }

  /** The file. */
  public Path file() {
    return Path.of(file);
  }
}
