package io.panallama.benchmarks.compare;

import java.util.List;

/**
 * What one load on one server came to.
 *
 * @param values in the order to be shown
 * @param curves distributions of times, the same ones in the same order for every server
 * @param promptTokens of the measured requests, by the server's own count
 * @param answerTokens of them
 * @param problems why these are not the figures of what was asked for: failed requests, short answers
 * @param raw everything, for a JSON mapper
 */
record Sample(
    List<Value> values,
    List<Distribution> curves,
    long promptTokens,
    long answerTokens,
    List<String> problems,
    Object raw) {
  /**
   * A figure.
   *
   * @param name such as {@code TTFT p50}
   * @param unit such as {@code ms}
   * @param better which way it is better
   * @param number above 0
   */
  record Value(String name, String unit, Measure.Better better, double number) {}

  /**
   * Percentiles of times.
   *
   * @param name such as {@code ITL}
   * @param percentiles ascending, the same for every server
   * @param millis as many as there are percentiles
   */
  record Distribution(String name, List<Double> percentiles, List<Double> millis) {
    Distribution {
      percentiles = List.copyOf(percentiles);
      millis = List.copyOf(millis);
    }
  }

  Sample {
    values = List.copyOf(values);
    curves = List.copyOf(curves);
    problems = List.copyOf(problems);
  }
}
