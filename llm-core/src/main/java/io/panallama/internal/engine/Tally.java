package io.panallama.internal.engine;

import io.panallama.observe.Distribution;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts values in buckets of fixed bounds. Written by one thread, without a lock or an allocation; read by any, which may see
 * the last values in part.
 */
final class Tally {
  private static final int MILLION = 1_000_000;

  private final long[] bounds;

  /** The counts, and the sum at the end. */
  private final AtomicLongArray counts;

  private Tally(long... bounds) {
    this.bounds = bounds;
    this.counts = new AtomicLongArray(bounds.length + 2);
  }

  /** Durations in nanoseconds: the bounds of vLLM's latency between tokens, and finer ones below them. */
  static Tally ofDurations() {
    double[] millis = {
      0.5, 1, 2.5, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2500, 5000, 7500, 10_000, 20_000, 40_000,
      80_000
    };
    long[] nanos = new long[millis.length];
    for (int i = 0; i < nanos.length; i++) {
      nanos[i] = Math.round(millis[i] * MILLION);
    }
    return new Tally(nanos);
  }

  /** Numbers of sequences. */
  static Tally ofSequences() {
    return new Tally(1, 2, 4, 8, 16, 32, 64, 128, 256);
  }

  /** Numbers of tokens: the bounds of vLLM's tokens per iteration. */
  static Tally ofTokens() {
    return new Tally(1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384);
  }

  void add(long value) {
    int bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]) {
      bucket++;
    }
    increase(bucket, 1);
    increase(bounds.length + 1, value);
  }

  private void increase(int index, long by) {
    counts.setRelease(index, counts.getPlain(index) + by);
  }

  Distribution snapshot() {
    long[] copy = new long[bounds.length + 1];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = counts.getAcquire(i);
    }
    return Distribution.of(bounds, copy, counts.getAcquire(bounds.length + 1));
  }
}
