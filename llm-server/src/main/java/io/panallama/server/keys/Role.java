package io.panallama.server.keys;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a key is for. */
public enum Role {
  /** Generating, embedding, ranking, and files. */
  USE,
  /** Metrics, slots, properties, and changes to the served models. */
  OPERATE;

  /** The name in the key file and on the command line. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The role of this {@link #wireName}. */
  public static Optional<Role> of(String wireName) {
    return Arrays.stream(values()).filter(role -> role.wireName().equals(wireName)).findFirst();
  }
}
