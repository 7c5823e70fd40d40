package io.panallama.server.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The keys of which each request has to bring one. Only their SHA-256 hashes are kept, and each comparison takes the same time whatever
 * the candidate has in common with a key. Immutable and safe for use by several threads.
 */
final class ApiKeys {
  /** What a request's credentials are worth. */
  enum Verdict {
    ACCEPTED,
    /** The request brings none. */
    MISSING,
    /** It brings some, and none is a key. */
    WRONG
  }

  private static final String BEARER = "bearer ";

  private final List<byte[]> hashes;

  /** These keys; without any, all requests are accepted. */
  ApiKeys(Collection<String> keys) {
    hashes = keys.stream().map(ApiKeys::hash).toList();
  }

  /**
   * Judges the credentials of a request. A key may stand in either header, as some clients send a wrong one in the other.
   *
   * @param authorization the header {@code Authorization}: {@code Bearer} and a key, or as llama-server takes it the key alone; null if
   *     there is none
   * @param apiKey Anthropic's header {@code x-api-key}, or Azure's {@code api-key}; null if there is none
   */
  Verdict judge(@Nullable String authorization, @Nullable String apiKey) {
    if (hashes.isEmpty()) {
      return Verdict.ACCEPTED;
    }
    List<String> candidates = candidates(authorization, apiKey);
    return knows(candidates) ? Verdict.ACCEPTED : candidates.isEmpty() ? Verdict.MISSING : Verdict.WRONG;
  }

  /** Whether there are none. */
  boolean isEmpty() {
    return hashes.isEmpty();
  }

  /** Whether one of these is a key. */
  boolean knows(List<String> candidates) {
    return indexOf(candidates) >= 0;
  }

  /** The place of the key that is one of these; -1 if none is. */
  int indexOf(List<String> candidates) {
    int found = -1;
    for (String candidate : candidates) {
      byte[] hash = hash(candidate);
      for (int i = 0; i < hashes.size(); i++) {
        // No early end: the time tells nothing about which key matched.
        found = MessageDigest.isEqual(hashes.get(i), hash) ? i : found;
      }
    }
    return found;
  }

  /** What the headers of a request have in place of keys. */
  static List<String> candidates(@Nullable String authorization, @Nullable String apiKey) {
    List<String> candidates = new ArrayList<>();
    if (authorization != null) {
      String value = authorization.strip();
      boolean bearer = value.toLowerCase(Locale.ROOT).startsWith(BEARER);
      candidates.add(bearer ? value.substring(BEARER.length()).strip() : value);
    }
    if (apiKey != null) {
      candidates.add(apiKey.strip());
    }
    candidates.removeIf(String::isEmpty);
    return candidates;
  }

  private static byte[] hash(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
