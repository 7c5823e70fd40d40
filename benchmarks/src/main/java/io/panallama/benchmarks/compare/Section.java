package io.panallama.benchmarks.compare;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One part of the comparison.
 *
 * @param id its name among the options, such as {@code batch}
 * @param title its heading
 * @param rival what ours is compared with, such as {@code llama-bench}
 * @param method what was done, in a sentence or two
 * @param commands what was run, each as it can be typed
 * @param findings what came of it
 * @param failure why there is nothing, or not everything; empty if it went well
 */
record Section(
    String id, String title, String rival, String method, List<String> commands, Findings findings, String failure) {
  /**
   * What was measured.
   *
   * @param measures in the order to be shown
   * @param trends plots over another quantity
   * @param curves plots of distributions
   * @param checks whether both sides did the same
   * @param raw what is only in the raw data; for a JSON mapper
   */
  record Findings(
      List<Measure> measures, List<Trend> trends, List<Curve> curves, List<Check> checks, List<Object> raw) {
    Findings {
      measures = List.copyOf(measures);
      trends = List.copyOf(trends);
      curves = List.copyOf(curves);
      checks = List.copyOf(checks);
      raw = List.copyOf(raw);
    }

    static Findings none() {
      return new Findings(List.of(), List.of(), List.of(), List.of(), List.of());
    }
  }

  /**
   * A condition of a fair comparison.
   *
   * @param holds whether it does
   * @param text what was looked at and found, in a sentence
   */
  record Check(boolean holds, String text) {}

  Section {
    commands = List.copyOf(commands);
  }

  /** The same without findings, because of a failure. */
  Section failed(String why) {
    return new Section(id, title, rival, method, commands, findings, why);
  }

  boolean isWhole() {
    return failure.isEmpty() && findings.checks().stream().allMatch(Check::holds);
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", id);
    json.put("title", title);
    json.put("compared_with", rival);
    json.put("method", method);
    json.put("commands", commands);
    json.put("failure", failure);
    json.put(
        "checks",
        findings.checks().stream().map(check -> Map.of("holds", check.holds(), "text", check.text())).toList());
    json.put("measures", findings.measures().stream().map(Measure::json).toList());
    json.put("curves", findings.curves().stream().map(Curve::json).toList());
    json.put("raw", findings.raw());
    return json;
  }
}
