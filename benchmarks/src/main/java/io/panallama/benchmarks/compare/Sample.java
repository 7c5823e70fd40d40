package io.panallama.benchmarks.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * The result of one load on one server.
 *
 * @param values in the order to be shown
 * @param curves distributions of times, the same ones in the same order for every server
 * @param work the work done for the measured requests
 * @param generated tokens of all answers, also of requests that were not measured
 * @param problems reasons why the figures do not count: failed requests, short answers
 * @param raw everything, for a JSON mapper
 */
record Sample(
    List<Value> values, List<Distribution> curves, Work work, long generated, List<String> problems, Object raw) {
  /**
   * The work of a server.
   *
   * @param promptTokens by the server's own count
   * @param cachedTokens the cached ones among them, likewise
   * @param answerTokens likewise
   * @param events the number of events that carried the answers
   */
  record Work(long promptTokens, long cachedTokens, long answerTokens, long events) {
    static final Work NONE = new Work(0, 0, 0, 0);

    Work plus(Work other) {
      return new Work(
          promptTokens + other.promptTokens,
          cachedTokens + other.cachedTokens,
          answerTokens + other.answerTokens,
          events + other.events);
    }
  }

  /**
   * A figure.
   *
   * @param name such as {@code TTFT p50}
   * @param unit such as {@code ms}
   * @param better whether a higher or a lower number is better
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

  /** The same sample with a further figure. */
  Sample with(Value value) {
    List<Value> more = new ArrayList<>(values);
    more.add(value);
    return new Sample(more, curves, work, generated, problems, raw);
  }
}
