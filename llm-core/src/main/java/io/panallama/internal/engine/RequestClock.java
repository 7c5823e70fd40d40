package io.panallama.internal.engine;

import io.panallama.Timings;
import java.time.Duration;

/** The moments of one generation, in {@link System#nanoTime}. Written by the engine thread. */
final class RequestClock {
  private static final long UNSET = Long.MIN_VALUE;

  private final long submitted = System.nanoTime();
  private long prefillStarted = UNSET;
  private long firstToken = UNSET;
  private long lastToken = UNSET;

  void step() {
    if (prefillStarted == UNSET) {
      prefillStarted = System.nanoTime();
    }
  }

  void token(long now) {
    if (firstToken == UNSET) {
      firstToken = now;
    }
    lastToken = now;
  }

  long sinceSubmission() {
    return System.nanoTime() - submitted;
  }

  /** What was not reached counts up to now. */
  Timings timings() {
    long now = System.nanoTime();
    long prefill = prefillStarted == UNSET ? now : prefillStarted;
    long first = firstToken == UNSET ? now : firstToken;
    long last = lastToken == UNSET ? first : lastToken;
    return new Timings(
        Duration.ofNanos(prefill - submitted), Duration.ofNanos(first - prefill), Duration.ofNanos(last - first));
  }
}
