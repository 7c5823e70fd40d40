package io.panallama.observe;

import java.util.Arrays;

/**
 * How often values of a certain size have occurred, in buckets of fixed bounds. Immutable; thread-safe.
 *
 * <p>Bucket {@code i} counts the values up to and including {@link #bound}{@code (i)} that are above the bound before it. One more
 * bucket counts those above all bounds.
 */
public final class Distribution {
  /** The distribution of nothing. */
  public static final Distribution NONE = new Distribution(new long[0], new long[1], 0);

  private final long[] bounds;
  private final long[] counts;
  private final long sum;

  private Distribution(long[] bounds, long[] counts, long sum) {
    this.bounds = bounds;
    this.counts = counts;
    this.sum = sum;
  }

  /**
   * A distribution.
   *
   * @param bounds the upper bounds of the buckets, in increasing order
   * @param counts how many values each bucket has, and at the end those above all bounds
   * @param sum the sum of all values
   * @throws IllegalArgumentException if there is not one count more than bounds, or the bounds don't increase
   */
  public static Distribution of(long[] bounds, long[] counts, long sum) {
    if (counts.length != bounds.length + 1) {
      throw new IllegalArgumentException(
          "There are " + counts.length + " counts for " + bounds.length + " bounds; there must be one more.");
    }
    for (int i = 1; i < bounds.length; i++) {
      if (bounds[i] <= bounds[i - 1]) {
        throw new IllegalArgumentException(
            "The bound " + bounds[i] + " follows " + bounds[i - 1] + "; it must be larger.");
      }
    }
    return new Distribution(bounds.clone(), counts.clone(), sum);
  }

  /** The number of buckets that have an upper bound. */
  public int buckets() {
    return bounds.length;
  }

  /** The largest value that a bucket counts. */
  public long bound(int bucket) {
    return bounds[bucket];
  }

  /** The number of values in a bucket; {@link #buckets} is the index of those above all bounds. */
  public long count(int bucket) {
    return counts[bucket];
  }

  /** The number of all values. */
  public long count() {
    return Arrays.stream(counts).sum();
  }

  /** The sum of all values. */
  public long sum() {
    return sum;
  }

  /**
   * The values of both.
   *
   * @throws IllegalArgumentException if the bounds differ, unless one of them is {@link #NONE}
   */
  public Distribution plus(Distribution other) {
    if (other.buckets() == 0) {
      return this;
    }
    if (buckets() == 0) {
      return other;
    }
    if (!Arrays.equals(bounds, other.bounds)) {
      throw new IllegalArgumentException("Distributions of different bounds can't be added.");
    }
    long[] both = new long[counts.length];
    for (int i = 0; i < both.length; i++) {
      both[i] = counts[i] + other.counts[i];
    }
    return new Distribution(bounds, both, sum + other.sum);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Distribution that
        && sum == that.sum
        && Arrays.equals(bounds, that.bounds)
        && Arrays.equals(counts, that.counts);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(counts) + Long.hashCode(sum);
  }

  @Override
  public String toString() {
    return "Distribution[count=" + count() + ", sum=" + sum + "]";
  }
}
