package io.panallama.load;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;

/**
 * A distribution of durations: an HdrHistogram in microseconds with three significant digits, and its percentiles in
 * milliseconds. Times below half a microsecond are 0.
 *
 * <p>Immutable.
 */
public final class Latency {
  private static final int DIGITS = 3;
  private static final List<Double> PERCENTILES = List.of(1.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9);

  private final Histogram histogram;

  private Latency(Histogram histogram) {
    this.histogram = histogram;
  }

  /** The distribution of durations in nanoseconds, 0 or more. */
  public static Latency of(LongStream nanos) {
    Histogram histogram = new Histogram(DIGITS);
    nanos.forEach(value -> histogram.recordValue(Math.round(value / 1e3)));
    return new Latency(histogram);
  }

  /**
   * Corrected for coordinated omission: every value above {@code expected} adds the values that requests sent
   * {@code expected} apart would have seen meanwhile ({@link Histogram#copyCorrectedForCoordinatedOmission}).
   *
   * @param expected nanoseconds between requests; 0 means no correction
   */
  public Latency corrected(long expected) {
    long micros = Math.round(expected / 1e3);
    return micros == 0 ? this : new Latency(histogram.copyCorrectedForCoordinatedOmission(micros));
  }

  /** The number of values. */
  public long count() {
    return histogram.getTotalCount();
  }

  /** Milliseconds; like all of these, 0 if there is no value. */
  public double percentile(double percentile) {
    return count() == 0 ? 0 : histogram.getValueAtPercentile(percentile) / 1e3;
  }

  public double p50() {
    return percentile(50);
  }

  public double p99() {
    return percentile(99);
  }

  public double max() {
    return count() == 0 ? 0 : histogram.getMaxValue() / 1e3;
  }

  public double mean() {
    return count() == 0 ? 0 : histogram.getMean() / 1e3;
  }

  /** The count, mean, standard deviation, extremes and percentiles. */
  public Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("count", count());
    if (count() > 0) {
      json.put("mean_ms", rounded(mean()));
      json.put("stddev_ms", rounded(histogram.getStdDeviation() / 1e3));
      json.put("min_ms", rounded(histogram.getMinValue() / 1e3));
      for (double percentile : PERCENTILES) {
        String name = percentile == Math.rint(percentile) ? Integer.toString((int) percentile) : "99.9";
        json.put("p" + name + "_ms", percentile(percentile));
      }
      json.put("max_ms", max());
    }
    return json;
  }

  private static double rounded(double millis) {
    return Math.round(millis * 1e3) / 1e3;
  }
}
