package io.panallama.server.keys;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/** A clock that a test sets, for nanoseconds and the time of day. */
final class ManualClock implements InstantSource, LongSupplier {
  private Instant now;
  private long nanos = -5;

  ManualClock(String now) {
    this.now = Instant.parse(now);
  }

  void pass(Duration time) {
    now = now.plus(time);
    nanos += time.toNanos();
  }

  @Override
  public Instant instant() {
    return now;
  }

  @Override
  public long getAsLong() {
    return nanos;
  }
}
