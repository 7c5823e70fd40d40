package io.panallama.internal.worker;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A process that computes, as its supervisor sees it. Thread-safe. */
interface Worker {
  /** Starts workers. */
  @FunctionalInterface
  interface Launcher {
    /**
     * Starts one and waits until it is connected. An interrupt ends the attempt. The process may end with the calling thread.
     *
     * @throws StillbornException if its process ended before
     * @throws IOException if there is no process
     */
    Worker launch() throws IOException;
  }

  /** A process ended before it was connected. */
  final class StillbornException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long pid;
    private final transient Death death;

    private StillbornException(long pid, Death death, Throwable cause) {
      super(death.how(), cause);
      this.pid = pid;
      this.death = death;
    }

    /** What the JVM said about its options or its main class becomes part of how it ended. */
    static StillbornException of(long pid, Death death, Throwable cause) {
      String said =
          death.lastWords().stream().filter(line -> line.startsWith("Error")).findFirst().map(": "::concat).orElse("");
      String how = death.how() + " before it was connected" + said;
      return new StillbornException(
          pid, new Death(how, death.lastWords(), death.dump(), death.foreign(), death.outOfMemory()), cause);
    }

    long pid() {
      return pid;
    }

    Death death() {
      return death;
    }
  }

  /**
   * How a worker ended.
   *
   * @param how a sentence part, such as "it was ended by SIGSEGV"
   * @param lastWords the last lines that it logged
   * @param dump what the JVM wrote about its crash; null if there is nothing
   * @param foreign whether another process is known to have ended it, so that no request can be the reason
   * @param outOfMemory whether its memory ran out, by its own account
   */
  record Death(String how, List<String> lastWords, @Nullable String dump, boolean foreign, boolean outOfMemory) {}

  long pid();

  Wire wire();

  /** Whether another process has stopped it, so that its silence is no request's fault. */
  boolean isStopped();

  /** Ends it at once, whatever it is doing. Repeating it is harmless. */
  void kill();

  /** Waits until it has ended; one that does not end by itself within a second is ended. */
  Death awaitDeath();
}
