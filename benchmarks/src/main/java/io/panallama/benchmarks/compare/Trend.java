package io.panallama.benchmarks.compare;

import java.util.List;

/**
 * How a quantity changes with another one, as a plot of both sides.
 *
 * @param title of the plot
 * @param over the quantity on the axis, such as {@code streams}
 * @param points in the order of the axis, at least one
 */
record Trend(String title, String over, List<Point> points) {
  /**
   * A position on the axis.
   *
   * @param at its name
   * @param measure the measure at this position
   */
  record Point(String at, Measure measure) {}

  Trend {
    points = List.copyOf(points);
    if (points.isEmpty()) {
      throw new IllegalArgumentException(title + " has no points");
    }
  }

  String unit() {
    return points.getFirst().measure().unit();
  }
}
