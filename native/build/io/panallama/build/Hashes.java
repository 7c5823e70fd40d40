package io.panallama.build;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

final class Hashes {
  private Hashes() {}

  static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  static String sha256(Path file) throws IOException {
    return hex(digest("SHA-256", file));
  }

  static String sha512Base64(Path file) throws IOException {
    return Base64.getEncoder().encodeToString(digest("SHA-512", file));
  }

  /** The hash of texts with separators, so that moving a character from one text to the next changes it. */
  static String sha256(List<String> texts) {
    return hex(algorithm("SHA-256").digest(String.join("\0", texts).getBytes(StandardCharsets.UTF_8)));
  }

  private static byte[] digest(String name, Path file) throws IOException {
    MessageDigest digest = algorithm(name);
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return digest.digest();
  }

  private static MessageDigest algorithm(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has " + name, e);
    }
  }
}
