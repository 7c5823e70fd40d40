package io.panallama.load.measure;

import java.util.Arrays;
import java.util.List;

/** The distribution of one or more numbers. Immutable. */
public final class Spread {
  private final double[] sorted;

  private Spread(double[] sorted) {
    if (sorted.length == 0) {
      throw new IllegalArgumentException("nothing was measured");
    }
    this.sorted = sorted;
  }

  /**
   * The spread of these numbers, in any order.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Spread of(double... numbers) {
    double[] sorted = numbers.clone();
    Arrays.sort(sorted);
    return new Spread(sorted);
  }

  /**
   * The spread of these numbers, in any order.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Spread of(List<Double> numbers) {
    return of(numbers.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** All numbers in ascending order. */
  public List<Double> numbers() {
    return Arrays.stream(sorted).boxed().toList();
  }

  public int count() {
    return sorted.length;
  }

  public double min() {
    return sorted[0];
  }

  public double max() {
    return sorted[sorted.length - 1];
  }

  public double median() {
    return quantile(0.5);
  }

  public double mean() {
    return Arrays.stream(sorted).sum() / sorted.length;
  }

  /** The standard deviation of a sample (divided by {@code count - 1}), as in llama-bench; 0 for a single number. */
  public double standardDeviation() {
    if (sorted.length == 1) {
      return 0;
    }
    double mean = mean();
    double squares = Arrays.stream(sorted).map(number -> (number - mean) * (number - mean)).sum();
    return Math.sqrt(squares / (sorted.length - 1));
  }

  /**
   * A quantile, interpolated linearly between the two nearest numbers, as numpy, R (type 7) and spreadsheets do.
   *
   * @param fraction 0 to 1
   */
  public double quantile(double fraction) {
    double place = fraction * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  /** The interquartile range: third minus first quartile. */
  public double interquartileRange() {
    return quantile(0.75) - quantile(0.25);
  }
}
