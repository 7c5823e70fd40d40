package io.panallama.internal.schedule;

import io.panallama.generation.Timings;
import java.time.Duration;
import java.util.function.LongSupplier;

/** The timestamps of one generation, in nanoseconds of the engine's clock. Written by the engine thread. */
public final class RequestClock {
  private static final long UNSET = Long.MIN_VALUE;

  private final LongSupplier nanos;
  private final long submitted;
  private long prefillStarted = UNSET;
  private long firstToken = UNSET;
  private long lastToken = UNSET;

  public RequestClock(LongSupplier nanos) {
    this.nanos = nanos;
    this.submitted = nanos.getAsLong();
  }

  public long submitted() {
    return submitted;
  }

  public void step(long now) {
    if (prefillStarted == UNSET) {
      prefillStarted = now;
    }
  }

  /**
   * A token was chosen.
   *
   * @return nanoseconds since the token before it; -1 if it is the first
   */
  public long token(long now) {
    long before = lastToken;
    if (firstToken == UNSET) {
      firstToken = now;
    }
    lastToken = now;
    return before == UNSET ? -1 : now - before;
  }

  public long sinceSubmission() {
    return nanos.getAsLong() - submitted;
  }

  /** The durations between the timestamps; one that was not reached counts as now. */
  public Timings timings() {
    long now = nanos.getAsLong();
    long prefill = prefillStarted == UNSET ? now : prefillStarted;
    long first = firstToken == UNSET ? now : firstToken;
    long last = lastToken == UNSET ? first : lastToken;
    return new Timings(
        Duration.ofNanos(prefill - submitted), Duration.ofNanos(first - prefill), Duration.ofNanos(last - first));
  }
}
