package io.panallama.server.tls;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A file with a certificate or a key can't be used; the message names it and says why, in one sentence. */
public final class UnusableCertificateException extends Exception {
  private static final long serialVersionUID = 1L;

  UnusableCertificateException(Path file, String why) {
    this(file, why, null);
  }

  UnusableCertificateException(Path file, String why, @Nullable Throwable cause) {
    super(file + ": " + why, cause);
  }
}
