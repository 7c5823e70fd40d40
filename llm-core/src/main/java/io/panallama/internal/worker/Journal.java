package io.panallama.internal.worker;

import io.panallama.generation.Timings;
import java.time.Duration;
import java.util.Arrays;

/** The tokens that a generation has produced so far, and when, as they arrived here. Not thread-safe. */
final class Journal {
  private final long submitted = System.nanoTime();
  private int[] tokens = new int[64];
  private int count;
  private int seen;
  private long firstToken;
  private long lastToken;

  /** The number of tokens. */
  int count() {
    return count;
  }

  /** Nanoseconds since the submission. */
  long age() {
    return System.nanoTime() - submitted;
  }

  /** A new worker begins behind the first {@code kept} tokens, which it sends again. */
  void restart(int kept) {
    seen = 0;
    count = kept;
  }

  void write(Output out) {
    out.put(tokens, count);
  }

  /** A token has arrived; it is new unless it is one of those that were kept. */
  void add(int token) {
    if (seen++ < count) {
      return;
    }
    if (count == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * count);
    }
    tokens[count++] = token;
    lastToken = System.nanoTime();
    if (firstToken == 0) {
      firstToken = lastToken;
    }
  }

  /**
   * The durations as they were seen from here.
   *
   * @param prefill what a worker said about its own; not more of it counts than there was time
   */
  Timings timings(Duration prefill, int resumed) {
    long untilFirst = (firstToken == 0 ? System.nanoTime() : firstToken) - submitted;
    long prefilling = Math.min(untilFirst, prefill.toNanos());
    return new Timings(
        Duration.ofNanos(untilFirst - prefilling),
        Duration.ofNanos(prefilling),
        Duration.ofNanos(firstToken == 0 ? 0 : lastToken - firstToken),
        resumed);
  }
}
