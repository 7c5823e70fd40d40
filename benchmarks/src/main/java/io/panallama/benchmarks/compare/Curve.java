package io.panallama.benchmarks.compare;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The distribution of times on both sides, as a plot of percentiles.
 *
 * @param title of the plot
 * @param unit of the values
 * @param points by ascending percentile, at least two
 */
record Curve(String title, String unit, List<Point> points) {
  /**
   * One percentile, the median over the rounds.
   *
   * @param percentile above 0, at most 100
   * @param ours 0 or more
   * @param theirs 0 or more
   */
  record Point(double percentile, double ours, double theirs) {
    Point {
      if (!(ours >= 0 && theirs >= 0 && Double.isFinite(ours) && Double.isFinite(theirs))) {
        throw new IllegalArgumentException(
            "p" + percentile + " is " + ours + " and " + theirs + "; it must be 0 or more");
      }
    }
  }

  Curve {
    points = List.copyOf(points);
    if (points.size() < 2) {
      throw new IllegalArgumentException(title + " needs two percentiles or more");
    }
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("title", title);
    json.put("unit", unit);
    json.put("percentiles", points.stream().map(Point::percentile).toList());
    json.put("ours", points.stream().map(Point::ours).toList());
    json.put("theirs", points.stream().map(Point::theirs).toList());
    return json;
  }
}
