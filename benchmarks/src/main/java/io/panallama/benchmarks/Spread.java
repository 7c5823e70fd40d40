package io.panallama.benchmarks;

import java.util.Arrays;
import java.util.List;

/** How numbers are distributed. At least one number. */
final class Spread {
  private final double[] sorted;

  private Spread(double[] sorted) {
    if (sorted.length == 0) {
      throw new IllegalArgumentException("nothing was measured");
    }
    this.sorted = sorted;
  }

  static Spread of(double... numbers) {
    double[] sorted = numbers.clone();
    Arrays.sort(sorted);
    return new Spread(sorted);
  }

  static Spread of(List<Double> numbers) {
    return of(numbers.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** All of them, in ascending order. */
  List<Double> numbers() {
    return Arrays.stream(sorted).boxed().toList();
  }

  int count() {
    return sorted.length;
  }

  double min() {
    return sorted[0];
  }

  double max() {
    return sorted[sorted.length - 1];
  }

  double median() {
    return quantile(0.5);
  }

  /** Linear between the two nearest numbers, as numpy, R (type 7) and spreadsheets do. */
  double quantile(double fraction) {
    double place = fraction * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  /** The width of the middle half: third minus first quartile. */
  double interquartileRange() {
    return quantile(0.75) - quantile(0.25);
  }
}
