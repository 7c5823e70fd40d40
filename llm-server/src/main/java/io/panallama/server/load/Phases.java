package io.panallama.server.load;

import java.util.Optional;

/**
 * Says of each dialogue that begins whether it is still warm-up, measured, or one too many; and remembers when measuring
 * began. Any thread.
 */
final class Phases {
  private final Extent warmUp;
  private final Extent extent;
  private final long start;
  private int warm;
  private int measured;
  private long windowStart = -1;

  Phases(Extent warmUp, Extent extent, long start) {
    this.warmUp = warmUp;
    this.extent = extent;
    this.start = start;
  }

  /** The group of what begins at that time; empty if the load is over. */
  synchronized Optional<String> next(long now) {
    if (windowStart < 0) {
      if (isWithin(warmUp, warm, start, now)) {
        warm++;
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

  private static boolean isWithin(Extent extent, int count, long begin, long now) {
    return switch (extent) {
      case Extent.Requests requests -> count < requests.count();
      case Extent.Time time -> now < begin + time.duration().toNanos();
    };
  }

  /**
   * When measuring took place.
   *
   * @param lastEnd when the last measured request ended, which is the end where requests are counted
   */
  synchronized Window window(long lastEnd) {
    long begin = Math.max(windowStart, start);
    return new Window(begin, extent instanceof Extent.Time time ? begin + time.duration().toNanos() : lastEnd);
  }
}
