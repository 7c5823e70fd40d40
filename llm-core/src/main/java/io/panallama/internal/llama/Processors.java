package io.panallama.internal.llama;

import java.nio.file.Path;

/** How many processors this process has. Thread-safe. */
public final class Processors {
  private static final int COUNT =
      new ControlGroups(Path.of("/")).processors(Runtime.getRuntime().availableProcessors());

  private Processors() {}

  /**
   * How many threads can compute at once, at least 1. Unlike {@link Runtime#availableProcessors} it rounds the quota of a
   * container down. Read once: thread pools and the gate in front of them depend on it.
   */
  public static int count() {
    return COUNT;
  }
}
