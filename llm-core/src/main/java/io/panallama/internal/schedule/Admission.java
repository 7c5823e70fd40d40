package io.panallama.internal.schedule;

import io.panallama.error.EngineBusyException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the generations in flight and rejects those for which neither a slot nor room in the queue is left. Thread-safe. */
public final class Admission {
  private static final Duration SHORTEST_RETRY = Duration.ofSeconds(1);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(60);

  private final int slots;
  private final int queueLimit;
  private final AtomicInteger inFlight = new AtomicInteger();

  /** Smoothed time from submission to end, in nanoseconds; written only by the engine thread. */
  private volatile double typicalNanos;

  public Admission(int slots, int queueLimit) {
    this.slots = slots;
    this.queueLimit = queueLimit;
  }

  /**
   * Reserves capacity for one generation.
   *
   * @throws EngineBusyException if there is none
   */
  public void enter() {
    enter(1);
  }

  /**
   * Reserves capacity for several generations, all or none.
   *
   * @throws EngineBusyException if there is not enough
   */
  public void enter(int places) {
    int limit = slots + queueLimit;
    int before = inFlight.getAndUpdate(count -> count + places <= limit ? count + places : count);
    if (before + places > limit) {
      throw places == 1
          ? new EngineBusyException(queueLimit, retryAfter())
          : new EngineBusyException(places, queueLimit, retryAfter());
    }
  }

  /**
   * Checks that there is capacity for one generation, without reserving it.
   *
   * @throws EngineBusyException if there is none now
   */
  public void requirePlace() {
    if (inFlight.get() >= slots + queueLimit) {
      throw new EngineBusyException(queueLimit, retryAfter());
    }
  }

  /** Releases the capacity of one generation. */
  public void leave() {
    inFlight.decrementAndGet();
  }

  /** Releases the capacity of one generation and learns from how long it was held. */
  public void leave(long nanos) {
    double typical = typicalNanos;
    // A weight of 1/8 follows a change of load within about ten requests.
    typicalNanos = typical == 0 ? nanos : typical + (nanos - typical) / 8;
    leave();
  }

  public int inFlight() {
    return inFlight.get();
  }

  /** A slot becomes free about every {@code typical / slots}. */
  private Duration retryAfter() {
    Duration estimate = Duration.ofNanos((long) (typicalNanos / slots));
    if (estimate.compareTo(SHORTEST_RETRY) < 0) {
      return SHORTEST_RETRY;
    }
    return estimate.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : estimate;
  }
}
