package io.panallama.server.keys;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The hash of a secret by which requests show whose they are. It is a plain SHA-256: a secret is 256 random bits, which nobody can try
 * through however fast the hash is. A slow one, as for passwords, would only cost time in each request.
 *
 * @param sha256 64 hexadecimal digits in lower case
 * @param created when it was made
 * @param expires when it ends, as after a rotation; null if it holds as long as its key
 */
public record KeySecret(String sha256, Instant created, @Nullable Instant expires) {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final String PREFIX = "sk-panallama-";
  private static final int BYTES = 32;
  private static final SecureRandom RANDOM = new SecureRandom();

  /**
   * The hash is checked.
   *
   * @throws IllegalArgumentException if it is no SHA-256
   */
  public KeySecret {
    if (!SHA256.matcher(sha256).matches()) {
      throw new IllegalArgumentException("sha256 is not the 64 hexadecimal digits of a SHA-256 in lower case.");
    }
  }

  /** A new random secret. It is kept nowhere: only {@link #of its hash} goes into the file. */
  public static String random() {
    byte[] bytes = new byte[BYTES];
    RANDOM.nextBytes(bytes);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** The hash of a secret. */
  public static KeySecret of(String secret, Instant created) {
    return new KeySecret(HexFormat.of().formatHex(hash(secret)), created, null);
  }

  /** The same secret, which ends at {@code end} unless it ends sooner. */
  KeySecret until(Instant end) {
    return new KeySecret(sha256, created, expires == null || end.isBefore(expires) ? end : expires);
  }

  boolean isOver(Instant now) {
    return expires != null && !now.isBefore(expires);
  }

  /** Whether a hash is this one, in a time that tells nothing about where they differ. */
  boolean matches(byte[] hash) {
    return MessageDigest.isEqual(HexFormat.of().parseHex(sha256), hash);
  }

  static byte[] hash(String secret) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
