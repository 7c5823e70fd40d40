package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.Measure.Verdict;
import io.panallama.load.measure.Spread;
import java.util.Locale;

/** The report's summary for a terminal. */
final class Digest {
  private Digest() {}

  static String of(ReportData data) {
    StringBuilder text = new StringBuilder();
    data.warnings().forEach(warning -> text.append(warning).append('\n'));
    for (Section section : data.sections()) {
      if (!section.failure().isEmpty()) {
        text.append("FAILED ").append(section.id()).append(": ").append(section.failure()).append('\n');
      }
      section.findings().checks().stream()
          .filter(check -> !check.holds())
          .forEach(
              check -> text.append("NOT EQUAL ").append(section.id()).append(": ").append(check.text()).append('\n'));
    }
    for (Verdict verdict : Verdict.values()) {
      text.append(
          switch (verdict) {
            case BEHIND -> "\nWhere we lose:\n";
            case EVEN -> "\nWhat can't be told apart:\n";
            case AHEAD -> "\nWhere we win:\n";
          });
      for (ReportData.Finding finding : data.findings(verdict)) {
        Measure measure = finding.measure();
        Spread advantage = measure.advantage();
        text.append(
            String.format(
                Locale.ROOT,
                "  %-46s %6s times as good (middle half %s to %s); ours %s, theirs %s %s%n",
                finding.label(),
                Numbers.ratio(advantage.median()),
                Numbers.ratio(advantage.quantile(0.25)),
                Numbers.ratio(advantage.quantile(0.75)),
                Numbers.three(measure.ours().median()),
                Numbers.three(measure.theirs().median()),
                measure.unit()));
      }
    }
    return text.append('\n').toString();
  }
}
