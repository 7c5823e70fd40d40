package io.panallama.internal.llama;

import java.nio.file.Path;

/** The number of processors available to this process. Thread-safe. */
public final class Processors {
  private static final int COUNT =
      new ControlGroups(Path.of("/")).processors(Runtime.getRuntime().availableProcessors());

  private Processors() {}

  /**
   * The number of threads that can run at once, at least 1. Unlike {@link Runtime#availableProcessors} it rounds the quota of a container down. Read only once: thread pools and the gate in front of them depend on it.
   */
  public static int count() {
    return COUNT;
  }
}
