package io.panallama.server;

import java.nio.file.Path;
import java.util.Objects;

/**
 * The files by which the server encrypts. Both are PEM, may be one file, and are read again when they change. Immutable and safe for any
 * thread.
 *
 * @param certificates the server's certificate, and behind it those that signed it, as far as clients don't have them
 * @param key the certificate's private key, of RSA, EC or Ed25519, without a passphrase: PKCS#8 ({@code PRIVATE KEY}), or OpenSSL's
 *     older forms ({@code RSA PRIVATE KEY}, {@code EC PRIVATE KEY})
 */
public record TlsConfig(Path certificates, Path key) {
  /** The files of a certificate. */
  public TlsConfig {
    Objects.requireNonNull(certificates, "certificates");
    Objects.requireNonNull(key, "key");
  }
}
