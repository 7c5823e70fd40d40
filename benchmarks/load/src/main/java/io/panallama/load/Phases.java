package io.panallama.load;

import java.util.Optional;

/**
 * Decides for each dialogue that begins whether it is warm-up, measured, or one too many, and records when measuring began. Safe
 * for use by several threads.
 *
 * <p>A warm-up of a number of requests, other than 0, must not end before any request was answered, or the measurement would
 * begin cold. In a closed loop every client therefore has at least one, and in an open loop arrivals are warm-up until that number has
 * completed.
 */
final class Phases {
  private final Extent warmUp;
  private final Extent extent;
  private final long start;
  private final boolean open;

  /** The warm-up dialogues that have begun; in an open loop, those that have completed. */
  private int warm;

  private int measured;
  private long windowStart = -1;

  private Phases(Extent warmUp, Extent extent, long start, boolean open) {
    this.warmUp = warmUp;
    this.extent = extent;
    this.start = start;
    this.open = open;
  }

  /** Phases of a closed loop with this many clients, each of which calls {@link #next} once before any calls it again. */
  static Phases closed(Extent warmUp, int clients, Extent extent, long start) {
    boolean tooShort = warmUp instanceof Extent.Requests requests && requests.count() > 0 && requests.count() < clients;
    return new Phases(tooShort ? new Extent.Requests(clients) : warmUp, extent, start, false);
  }

  /** Phases of an open loop, which calls {@link #dialogueOver}. */
  static Phases open(Extent warmUp, Extent extent, long start) {
    return new Phases(warmUp, extent, start, true);
  }

  /** The group of a dialogue that begins at that time; empty if the load is over. */
  synchronized Optional<String> next(long now) {
    if (windowStart < 0) {
      if (isWithin(warmUp, warm, start, now)) {
        warm += open ? 0 : 1;
        return Optional.of(Sender.Manner.WARM_UP);
      }
      windowStart = warmUp instanceof Extent.Time time ? start + time.duration().toNanos() : now;
    }
    if (isWithin(extent, measured, windowStart, now)) {
      measured++;
      return Optional.of(Sender.Manner.MEASURED);
    }
    return Optional.empty();
  }

  /** Records the end of a dialogue of an open loop, however it ended. */
  synchronized void dialogueOver() {
    warm++;
  }

  /** Whether no dialogue begins any more, at that time or later. */
  synchronized boolean isOver(long now) {
    return windowStart >= 0 && !isWithin(extent, measured, windowStart, now);
  }

  private static boolean isWithin(Extent extent, int count, long begin, long now) {
    return switch (extent) {
      case Extent.Requests requests -> count < requests.count();
      case Extent.Time time -> now < begin + time.duration().toNanos();
    };
  }

  /**
   * The time of measuring.
   *
   * @param lastEnd when the last measured request ended, which is the end where requests are counted
   */
  synchronized Window window(long lastEnd) {
    long begin = Math.max(windowStart, start);
    return new Window(begin, extent instanceof Extent.Time time ? begin + time.duration().toNanos() : lastEnd);
  }
}
