package io.panallama.server.oidc;

import io.panallama.server.keys.Role;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a token's claims mean here. */
final class Claims {
  /** No key's id has a colon, so a subject is taken for none. */
  private static final String PREFIX = "oidc:";

  private static final String OURS = "panallama:";

  private static final int LONGEST_ID = 64;
  private static final int KEPT = 48;

  private Claims() {}

  /** The roles that a claim names. Words that are none are of other programs. */
  static Set<Role> roles(Map<String, Object> claims, String claim) {
    Set<Role> roles = EnumSet.noneOf(Role.class);
    for (String word : words(value(claims, claim))) {
      Role.of(word.startsWith(OURS) ? word.substring(OURS.length()) : word).ifPresent(roles::add);
    }
    return roles;
  }

  private static @Nullable Object value(Map<String, Object> claims, String path) {
    if (claims.containsKey(path)) {
      return claims.get(path);
    }
    Object value = claims;
    for (String name : path.split("\\.", -1)) {
      value = value instanceof Map<?, ?> object ? object.get(name) : null;
    }
    return value;
  }

  private static List<String> words(@Nullable Object value) {
    return switch (value) {
      case String text -> Arrays.asList(text.split("[ ,]+"));
      case Collection<?> list -> list.stream().filter(String.class::isInstance).map(String.class::cast).toList();
      case null, default -> List.of();
    };
  }

  /** The name of a subject for logs and accounts; different subjects have different ones. */
  static Optional<String> id(@Nullable String subject) {
    if (subject == null || subject.isBlank()) {
      return Optional.empty();
    }
    String visible = subject.replaceAll("[^A-Za-z0-9_.@|:+-]", "_");
    boolean same = visible.equals(subject) && subject.length() <= LONGEST_ID;
    return Optional.of(
        PREFIX + (same ? subject : visible.substring(0, Math.min(KEPT, visible.length())) + "~" + hash(subject)));
  }

  private static String hash(String text) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 8);
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
