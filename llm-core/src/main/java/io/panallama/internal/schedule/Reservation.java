package io.panallama.internal.schedule;

/** Capacity that was reserved at once, for generations that are submitted one after the other. Confined to one thread. */
public final class Reservation implements AutoCloseable {
  private final Admission admission;
  private int left;

  public Reservation(Admission admission, int count) {
    this.admission = admission;
    this.left = count;
  }

  /** Passes capacity to one generation, which releases it when it ends. */
  public void use() {
    if (left == 0) {
      throw new IllegalStateException("all places of the reservation are in use");
    }
    left--;
  }

  /** Releases the capacity that was not passed on. */
  @Override
  public void close() {
    for (; left > 0; left--) {
      admission.leave();
    }
  }
}
