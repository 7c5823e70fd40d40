package io.panallama.bindings;

import java.util.Locale;

/** Which {@link Backend} a caller asks for. */
public enum BackendChoice {
  /** What the system property or environment variable says; without either, CUDA where it works and otherwise the CPU. */
  AUTO,
  /** The CPU only. */
  CPU,
  /** CUDA; the CPU, with a reason, where CUDA does not work. */
  CUDA;

  /**
   * The choice of a name, in any case.
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
