package io.panallama.chat;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Who speaks in a conversation. */
public enum Role {
  SYSTEM,
  USER,
  ASSISTANT,
  TOOL;

  /** The name on the wire and in templates: {@code "system"}, {@code "user"} ... */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The role of a wire name. {@code "developer"}, OpenAI's newer word, is {@link #SYSTEM}.
   *
   * @throws IllegalArgumentException if there is no such role; the message lists the known ones
   */
  public static Role fromWireName(String name) {
    if (name.equals("developer")) {
      return SYSTEM;
    }
    for (Role role : values()) {
      if (role.wireName().equals(name)) {
        return role;
      }
    }
    String known = Arrays.stream(values()).map(Role::wireName).collect(Collectors.joining(", "));
    throw new IllegalArgumentException("Unknown role \"" + name + "\"; known roles are " + known + ", developer.");
  }
}
