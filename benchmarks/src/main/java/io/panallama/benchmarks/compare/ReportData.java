package io.panallama.benchmarks.compare;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Everything that a report says.
 *
 * @param facts when, where and with what, in the order to be shown
 * @param warnings why the figures may mislead, in sentences
 * @param terms which options each server got
 * @param sections in the order to be shown
 */
record ReportData(Map<String, String> facts, List<String> warnings, List<Term> terms, List<Section> sections) {
  /**
   * An option of both servers.
   *
   * @param what it is about
   * @param ours how ours is told, or why it needs not to be
   * @param theirs the same of theirs
   * @param why these are equal terms
   */
  record Term(String what, String ours, String theirs, String why) {
    private Map<String, String> json() {
      Map<String, String> json = new LinkedHashMap<>();
      json.put("what", what);
      json.put("ours", ours);
      json.put("theirs", theirs);
      json.put("why", why);
      return json;
    }
  }

  /**
   * A measure and where it is from.
   *
   * @param section where it was measured
   * @param measure what was found
   */
  record Finding(Section section, Measure measure) {
    String label() {
      return section.id() + ": " + measure.name();
    }
  }

  ReportData {
    warnings = List.copyOf(warnings);
    terms = List.copyOf(terms);
    sections = List.copyOf(sections);
  }

  /** The measures with that verdict, the worst for us first. */
  List<Finding> findings(Measure.Verdict verdict) {
    return all().filter(finding -> finding.measure().verdict() == verdict).toList();
  }

  /** All measures: what we lose, worst first, then what can't be told apart, then what we win. */
  List<Finding> findings() {
    return Stream.of(Measure.Verdict.values()).flatMap(verdict -> findings(verdict).stream()).toList();
  }

  private Stream<Finding> all() {
    return sections.stream()
        .flatMap(section -> section.findings().measures().stream().map(measure -> new Finding(section, measure)))
        .sorted(Comparator.comparingDouble(finding -> finding.measure().advantage().median()));
  }

  /** Whether every section has all its figures and every check holds. */
  boolean isWhole() {
    return sections.stream().allMatch(Section::isWhole);
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("facts", facts);
    json.put("warnings", warnings);
    json.put("terms", terms.stream().map(Term::json).toList());
    json.put("behind", findings(Measure.Verdict.BEHIND).stream().map(Finding::label).toList());
    json.put("even", findings(Measure.Verdict.EVEN).stream().map(Finding::label).toList());
    json.put("ahead", findings(Measure.Verdict.AHEAD).stream().map(Finding::label).toList());
    json.put("sections", sections.stream().map(Section::json).toList());
    return json;
  }
}
