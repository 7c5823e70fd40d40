package io.panallama.internal.schedule;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Capacity that was reserved at once, for generations that are submitted one after the other. Confined to one thread.
 */
public final class Reservation implements AutoCloseable {
  private final Deque<Place> left;

  /**
   * Reserves capacity.
   *
   * @throws io.panallama.error.EngineBusyException if there is not enough
   */
  public Reservation(Admission admission, Applicant applicant, int count) {
    left = new ArrayDeque<>(admission.enter(applicant, Admission.Bounds.ALL, count));
  }

  /** Passes capacity to one generation, which releases it when it ends. */
  public Place use() {
    if (left.isEmpty()) {
      throw new IllegalStateException("all places of the reservation are in use");
    }
    return left.removeFirst();
  }

  /** Releases the capacity that was not passed on. */
  @Override
  public void close() {
    left.forEach(Place::leave);
    left.clear();
  }
}
