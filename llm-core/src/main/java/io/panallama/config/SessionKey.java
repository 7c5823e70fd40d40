package io.panallama.config;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The secret that signs the files of sessions and of spilled prefixes, so that an engine restores no file that was
 * altered or forged: it computes on their contents unchecked. Immutable and thread-safe.
 *
 * <p>Whoever knows the key can forge files. Installations that exchange files need the same key.
 */
public final class SessionKey {
  /** The smallest number of bytes of a key, the strength of the signature (HMAC-SHA256). */
  public static final int MIN_BYTES = 32;

  private static final SessionKey INSTALLATION = new SessionKey(null, null);

  private final @Nullable Path file;
  private final byte @Nullable [] secret;

  private SessionKey(@Nullable Path file, byte @Nullable [] secret) {
    this.file = file;
    this.secret = secret;
  }

  /**
   * The key of this installation: the file {@code session.key} in Panallama's cache folder, made at its first use, and
   * readable by its owner only. Without it, earlier files can't be restored.
   */
  public static SessionKey installation() {
    return INSTALLATION;
  }

  /**
   * A key in a file of at least {@link #MIN_BYTES} bytes, which must be random. The file is read when it is first
   * needed; if it does not exist then, it is made.
   */
  public static SessionKey inFile(Path file) {
    return new SessionKey(Objects.requireNonNull(file, "file"), null);
  }

  /**
   * A key of the caller's own.
   *
   * @param secret random bytes, which are copied
   * @throws IllegalArgumentException if there are fewer than {@link #MIN_BYTES}
   */
  public static SessionKey of(byte[] secret) {
    if (secret.length < MIN_BYTES) {
      throw new IllegalArgumentException(
          "The session key has " + secret.length + " bytes; it must have at least " + MIN_BYTES + ".");
    }
    return new SessionKey(null, secret.clone());
  }

  /** The file of {@link #inFile}; empty for other keys. */
  public Optional<Path> file() {
    return Optional.ofNullable(file);
  }

  /** A copy of the bytes of {@link #of}; empty for other keys. */
  public Optional<byte[]> secret() {
    return secret == null ? Optional.empty() : Optional.of(secret.clone());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SessionKey that && Objects.equals(file, that.file) && Arrays.equals(secret, that.secret);
  }

  @Override
  public int hashCode() {
    return Objects.hash(file, Arrays.hashCode(secret));
  }

  /** Does not show the secret. */
  @Override
  public String toString() {
    if (secret != null) {
      return "SessionKey[given]";
    }
    return "SessionKey[" + (file == null ? "installation" : file) + "]";
  }
}
