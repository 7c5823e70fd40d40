package io.panallama.internal.prepare;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Decides which waiting job runs next. Small and large jobs wait in lanes of their own; the one that came first has the
 * next turn, but large jobs never occupy all workers: one is left for small jobs, which therefore wait for small jobs
 * only. Not thread-safe.
 */
final class Lanes<T> {
  private final int mostLarge;
  private final int limit;
  private final ArrayDeque<Waiting<T>> small = new ArrayDeque<>();
  private final ArrayDeque<Waiting<T>> large = new ArrayDeque<>();
  private long arrivals;
  private int runningLarge;

  private record Waiting<T>(T job, long arrival) {}

  /**
   * @param workers at least 2
   * @param limit how many jobs may wait in each lane
   */
  Lanes(int workers, int limit) {
    this.mostLarge = workers - 1;
    this.limit = limit;
  }

  /** Adds a job, unless its lane is full. */
  boolean offer(T job, boolean isLarge) {
    ArrayDeque<Waiting<T>> lane = isLarge ? large : small;
    if (lane.size() >= limit) {
      return false;
    }
    lane.add(new Waiting<>(job, arrivals++));
    return true;
  }

  /** Removes a job that still waits; false if it does not. */
  boolean remove(T job, boolean isLarge) {
    return (isLarge ? large : small).removeIf(waiting -> waiting.job() == job);
  }

  /** The number of waiting jobs that could run at once, given enough workers. */
  int ready() {
    return small.size() + Math.min(large.size(), mostLarge - runningLarge);
  }

  /** Takes the next job, which runs from now on; null if none may. {@link #finished} follows for each. */
  @Nullable T take() {
    Waiting<T> first = small.peek();
    Waiting<T> second = runningLarge < mostLarge ? large.peek() : null;
    if (second != null && (first == null || second.arrival() < first.arrival())) {
      runningLarge++;
      large.remove();
      return second.job();
    }
    if (first != null) {
      small.remove();
      return first.job();
    }
    return null;
  }

  /** A job that was taken has ended. */
  void finished(boolean isLarge) {
    runningLarge -= isLarge ? 1 : 0;
  }

  /** Takes all waiting jobs away, in no particular order. */
  Iterable<T> clear() {
    ArrayDeque<T> all = new ArrayDeque<>();
    small.forEach(waiting -> all.add(waiting.job()));
    large.forEach(waiting -> all.add(waiting.job()));
    small.clear();
    large.clear();
    return all;
  }
}
