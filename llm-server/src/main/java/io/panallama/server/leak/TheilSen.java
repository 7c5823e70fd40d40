package io.panallama.server.leak;

import java.util.Arrays;

/**
 * The line of Theil and Sen through points: the median of the slopes of all pairs. A third of the points may be anything, which a line
 * of least squares would follow.
 *
 * @param slope of the line
 * @param agreement Kendall's tau: the part of the pairs that rise, less the part of those that fall; 1 for points that only rise, about
 *     0 for noise
 */
record TheilSen(double slope, double agreement) {
  /**
   * The line through some points.
   *
   * @param x must rise
   */
  static TheilSen of(double[] x, double[] y) {
    int count = x.length;
    double[] slopes = new double[count * (count - 1) / 2];
    int pairs = 0;
    int rising = 0;
    for (int i = 0; i < count; i++) {
      for (int j = i + 1; j < count; j++) {
        double slope = (y[j] - y[i]) / (x[j] - x[i]);
        rising += (int) Math.signum(slope);
        slopes[pairs++] = slope;
      }
    }
    if (pairs == 0) {
      return new TheilSen(0, 0);
    }
    Arrays.sort(slopes);
    double median = pairs % 2 == 1 ? slopes[pairs / 2] : (slopes[pairs / 2 - 1] + slopes[pairs / 2]) / 2;
    return new TheilSen(median, rising / (double) pairs);
  }
}
