package io.panallama.internal.schedule;

/** Places that were taken together, for generations that are submitted one after the other. Confined to one thread. */
public final class Reservation implements AutoCloseable {
  private final Admission admission;
  private int left;

  public Reservation(Admission admission, int count) {
    this.admission = admission;
    this.left = count;
  }

  /** Hands a place over to a generation, which gives it back when it ends. */
  public void use() {
    if (left == 0) {
      throw new IllegalStateException("all places of the reservation are in use");
    }
    left--;
  }

  /** Gives back the places that were not handed over. */
  @Override
  public void close() {
    for (; left > 0; left--) {
      admission.leave();
    }
  }
}
