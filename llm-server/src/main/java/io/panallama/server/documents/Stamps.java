package io.panallama.server.documents;

import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Times by which things are sorted: each is later than all before it. */
final class Stamps {
  private static final long SECOND = 1_000_000;

  private final Clock clock;
  private long last;

  Stamps(Clock clock) {
    this.clock = clock;
  }

  /** Seconds since 1970. */
  long now() {
    return clock.instant().getEpochSecond();
  }

  /** Microseconds since 1970, or a little more. */
  synchronized long next() {
    last = Math.max(ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant()), last + 1);
    return last;
  }

  /** From now on all are later than this one. */
  synchronized void after(long stamp) {
    last = Math.max(last, stamp);
  }

  /** The seconds of a stamp. */
  static long seconds(long stamp) {
    return stamp / SECOND;
  }
}
