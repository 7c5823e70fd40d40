package io.panallama.bindings;

import java.util.Locale;

/** The {@link Backend} that a caller asks for. */
public enum BackendChoice {
  /** The setting of the system property or environment variable; without one, CUDA where it works, otherwise the CPU. */
  AUTO,
  /** The CPU only. */
  CPU,
  /** CUDA, with a fallback to the CPU, and a reason, where CUDA does not work. */
  CUDA;

  /**
   * Parses the name of a choice; upper and lower case are the same.
   *
   * @throws IllegalArgumentException if there is no such choice; the message starts with {@code what}
   */
  static BackendChoice parse(String name, String what) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "auto" -> AUTO;
      case "cpu" -> CPU;
      case "cuda" -> CUDA;
      default -> throw new IllegalArgumentException(what + " is '" + name + "'; allowed are auto, cpu and cuda");
    };
  }
}
