package io.panallama.server.http;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Logs that requests are refused because the disk is full: a warning in one line, and at most one in a minute, because clients
 * repeat what was refused, and the log may be on the same disk. Thread-safe.
 */
final class FullDisk {
  private static final Duration PAUSE = Duration.ofMinutes(1);

  private final System.Logger logger;
  private final LongSupplier clock;
  private boolean told;
  private long toldAt;
  private long untold;

  /**
   * Nothing was refused yet.
   *
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  FullDisk(System.Logger logger, LongSupplier clock) {
    this.logger = logger;
    this.clock = clock;
  }

  /** Tells of a refused request. */
  void refused(String request, String why) {
    long before;
    synchronized (this) {
      long now = clock.getAsLong();
      if (told && now - toldAt < PAUSE.toNanos()) {
        untold++;
        return;
      }
      told = true;
      toldAt = now;
      before = untold;
      untold = 0;
    }
    String others = before == 0 ? "" : " So were " + before + " since the last warning.";
    logger.log(System.Logger.Level.WARNING, "Request " + request + " was refused: " + why + others);
  }
}
