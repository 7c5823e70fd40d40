package io.panallama.server.keys;

import java.time.Duration;

/**
 * A token bucket: it holds as much as may be taken at once, and refills evenly. It may be overdrawn, and then stays empty for as much
 * longer. Not safe for use by several threads.
 */
final class TokenBucket {
  private final long capacity;
  private final long windowNanos;
  private double level;
  private long at;

  /**
   * A full bucket.
   *
   * @param capacity the most that it holds, and what flows in during a window
   * @param now any clock's nanoseconds, as all other times here
   */
  TokenBucket(long capacity, Duration window, long now) {
    this.capacity = capacity;
    this.windowNanos = window.toNanos();
    this.level = capacity;
    this.at = now;
  }

  long capacity() {
    return capacity;
  }

  /** What can be taken; negative after an overdraft. */
  double level(long now) {
    double flown = (double) Math.max(0, now - at) * capacity / windowNanos;
    level = Math.min(capacity, level + flown);
    at = now;
    return level;
  }

  /** Takes an amount, whether or not it is there. */
  void take(double amount, long now) {
    level = level(now) - amount;
  }

  /** How long it takes until this much can be taken; zero if it can be now. */
  Duration until(double amount, long now) {
    double missing = Math.min(amount, capacity) - level(now);
    return missing <= 0 ? Duration.ZERO : Duration.ofNanos((long) Math.ceil(missing * windowNanos / capacity) + 1);
  }

  /** A bucket of another capacity from which as much has been taken as from this one. */
  TokenBucket resized(long other, Duration window, long now) {
    TokenBucket bucket = new TokenBucket(other, window, now);
    bucket.take(capacity - level(now), now);
    return bucket;
  }
}
