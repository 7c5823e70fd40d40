package io.panallama.benchmarks.compare;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The contents of a report. Immutable.
 *
 * @param peer the name of the server that ours is compared with
 * @param facts the time, the machine and the versions, in the order to be shown
 * @param warnings why the figures may mislead, in sentences
 * @param terms the options of both servers
 * @param sections in the order to be shown
 */
record ReportData(
    String peer, Map<String, String> facts, List<String> warnings, List<Term> terms, List<Section> sections) {
  /**
   * An option of both servers.
   *
   * @param what what the option sets
   * @param ours our option, or why none is needed
   * @param theirs the peer's option
   * @param why why these are equal terms
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
   * A measure and its section.
   *
   * @param section the section that measured it
   * @param measure the figures
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

  /** The measures with this verdict, ours worst first. */
  List<Finding> findings(Measure.Verdict verdict) {
    return all().filter(finding -> finding.measure().verdict() == verdict).toList();
  }

  /** All measures in the order of {@link Measure.Verdict}, within a verdict ours worst first. */
  List<Finding> findings() {
    return Stream.of(Measure.Verdict.values()).flatMap(verdict -> findings(verdict).stream()).toList();
  }

  private Stream<Finding> all() {
    return sections.stream()
        .flatMap(section -> section.findings().measures().stream().map(measure -> new Finding(section, measure)))
        .sorted(Comparator.comparingDouble(finding -> finding.measure().ratio().median()));
  }

  /** Whether every section has all its figures and every check holds. */
  boolean isWhole() {
    return sections.stream().allMatch(Section::isWhole);
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("peer", peer);
    json.put("facts", facts);
    json.put("warnings", warnings);
    json.put("terms", terms.stream().map(Term::json).toList());
    json.put("behind", findings(Measure.Verdict.BEHIND).stream().map(Finding::label).toList());
    json.put("even", findings(Measure.Verdict.EVEN).stream().map(Finding::label).toList());
    json.put("ahead", findings(Measure.Verdict.AHEAD).stream().map(Finding::label).toList());
    json.put("undecided", findings(Measure.Verdict.UNDECIDED).stream().map(Finding::label).toList());
    json.put("sections", sections.stream().map(Section::json).toList());
    return json;
  }
}
