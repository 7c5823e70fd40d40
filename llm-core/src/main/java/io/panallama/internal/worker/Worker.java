package io.panallama.internal.worker;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A process that computes, as its supervisor sees it. Thread-safe. */
interface Worker {
  /** Starts workers. */
  @FunctionalInterface
  interface Launcher {
    /** Starts one and waits until it is connected. */
    Worker launch() throws IOException;
  }

  /**
   * How a worker ended.
   *
   * @param how a sentence part, such as "it was ended by SIGSEGV"
   * @param lastWords the last lines that it logged
   * @param dump what the JVM wrote about its crash; null if there is nothing
   * @param foreign whether another process is known to have ended it, so that no request can be the reason
   */
  record Death(String how, List<String> lastWords, @Nullable String dump, boolean foreign) {}

  long pid();

  Wire wire();

  /** Whether another process has stopped it, so that its silence is no request's fault. */
  boolean isStopped();

  /** Ends it at once, whatever it is doing. Repeating it is harmless. */
  void kill();

  /** Waits until it has ended; one that does not end by itself within a second is ended. */
  Death awaitDeath();
}
