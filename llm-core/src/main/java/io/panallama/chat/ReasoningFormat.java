package io.panallama.chat;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What becomes of the part of an answer in which a model thinks. Models that don't think have none. */
public enum ReasoningFormat {
  /** It is text, with the tags that the model puts around it. */
  NONE,
  /** It comes as reasoning, apart from the text. */
  AUTO,
  /** As {@link #AUTO}; llama.cpp's own name of it. */
  DEEPSEEK,
  /** As {@link #AUTO}; a name that clients of llama-server use. */
  DEEPSEEK_LEGACY;

  /** The name on the wire: {@code "none"}, {@code "deepseek-legacy"} ... */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The format of a wire name.
   *
   * @throws IllegalArgumentException if there is none; the message lists the known ones
   */
  public static ReasoningFormat fromWireName(String name) {
    for (ReasoningFormat format : values()) {
      if (format.wireName().equals(name)) {
        return format;
      }
    }
    String known = Arrays.stream(values()).map(ReasoningFormat::wireName).collect(Collectors.joining(", "));
    throw new IllegalArgumentException("Unknown reasoning format \"" + name + "\"; known ones are " + known + ".");
  }
}
