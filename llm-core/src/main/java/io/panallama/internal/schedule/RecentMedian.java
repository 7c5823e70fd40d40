package io.panallama.internal.schedule;

import java.util.Arrays;

/** The median of the last few measurements, which ignores those that the machine delayed. Allocates nothing. */
final class RecentMedian {
  private final double[] recent;
  private final double[] sorted;
  private int known;
  private int next;
  private double median;

  /**
   * @param size the number of measurements that count; an odd number
   */
  RecentMedian(int size) {
    recent = new double[size];
    sorted = new double[size];
  }

  void add(double value) {
    recent[next] = value;
    next = (next + 1) % recent.length;
    known = Math.min(known + 1, recent.length);
    System.arraycopy(recent, 0, sorted, 0, known);
    Arrays.sort(sorted, 0, known);
    // Of an even number, the lower one: a delayed measurement is too high, never too low.
    median = sorted[(known - 1) / 2];
  }

  boolean isKnown() {
    return known > 0;
  }

  /** The median; 0 before the first measurement. */
  double value() {
    return median;
  }
}
