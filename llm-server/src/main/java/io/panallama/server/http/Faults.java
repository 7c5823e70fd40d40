package io.panallama.server.http;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Tells the log of errors that ended a connection, or a part of one, so that its thread need not die of them. Thread-safe. */
final class Faults {
  private static final System.Logger LOGGER = System.getLogger(Faults.class.getName());

  /** The least time between two log lines about memory: where one connection finds none, many do. */
  private static final long INTERVAL = TimeUnit.MINUTES.toNanos(1);

  private static final AtomicLong NEXT = new AtomicLong(System.nanoTime());

  private Faults() {}

  /**
   * Logs an error. Never throws.
   *
   * @param what a sentence that says what has ended, without its full stop
   */
  static void tell(String what, Throwable fault) {
    try {
      if (!(fault instanceof OutOfMemoryError)) {
        LOGGER.log(System.Logger.Level.ERROR, what + ".", fault);
        return;
      }
      long next = NEXT.get();
      long now = System.nanoTime();
      if (now - next >= 0 && NEXT.compareAndSet(next, now + INTERVAL)) {
        LOGGER.log(
            System.Logger.Level.WARNING,
            what
                + ": the server's Java heap, "
                + (Runtime.getRuntime().maxMemory() >> 20)
                + " MiB at most, ran out of memory. The server goes on; start it with a larger heap"
                + " (PANALLAMA_JAVA_OPTS=-Xmx4g), or with fewer connections (--max-connections). Further cases are told"
                + " once a minute.");
      }
    } catch (OutOfMemoryError again) {
      // There is no memory for the line either.
      return;
    }
  }
}
