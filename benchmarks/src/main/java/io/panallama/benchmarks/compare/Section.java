package io.panallama.benchmarks.compare;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One part of the comparison. Immutable.
 *
 * @param id the name in {@code --sections}, such as {@code batch}
 * @param title the heading
 * @param rival the program that ours is compared with, such as {@code llama-bench}
 * @param method the measurement in a sentence or two
 * @param commands the commands that were run, as they can be typed
 * @param findings the results
 * @param failure why results are missing; empty if none are
 */
record Section(
    String id, String title, String rival, String method, List<String> commands, Findings findings, String failure) {
  /**
   * The results of a section.
   *
   * @param measures in the order to be shown
   * @param trends plots over another quantity
   * @param curves plots of distributions
   * @param checks whether both sides did the same work
   * @param notes figures that could not be compared and why, in sentences; none of them is a failure
   * @param raw data that only the JSON file shows; for a JSON mapper
   */
  record Findings(
      List<Measure> measures,
      List<Trend> trends,
      List<Curve> curves,
      List<Check> checks,
      List<String> notes,
      List<Object> raw) {
    Findings {
      measures = List.copyOf(measures);
      trends = List.copyOf(trends);
      curves = List.copyOf(curves);
      checks = List.copyOf(checks);
      notes = List.copyOf(notes);
      raw = List.copyOf(raw);
    }

    static Findings none() {
      return new Findings(List.of(), List.of(), List.of(), List.of(), List.of(), List.of());
    }
  }

  /**
   * A condition of a fair comparison.
   *
   * @param holds whether the condition is met
   * @param text the finding, in a sentence
   */
  record Check(boolean holds, String text) {}

  Section {
    commands = List.copyOf(commands);
  }

  /** The same section, marked as failed. */
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
    json.put("notes", findings.notes());
    json.put("measures", findings.measures().stream().map(Measure::json).toList());
    json.put("curves", findings.curves().stream().map(Curve::json).toList());
    json.put("raw", findings.raw());
    return json;
  }
}
