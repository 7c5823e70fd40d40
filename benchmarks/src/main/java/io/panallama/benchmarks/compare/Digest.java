package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.Measure.Verdict;
import io.panallama.load.measure.Spread;
import java.util.List;
import java.util.Locale;

/** The report's figures for a terminal. */
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
      List<ReportData.Finding> findings = data.findings(verdict);
      if (verdict == Verdict.UNDECIDED && findings.isEmpty()) {
        continue;
      }
      text.append(
          switch (verdict) {
            case BEHIND -> "\nWhere we lose:\n";
            case EVEN -> "\nNo clear difference:\n";
            case AHEAD -> "\nWhere we win:\n";
            case UNDECIDED -> "\nNo verdict with fewer than " + Measure.FEWEST_ROUNDS + " rounds:\n";
          });
      for (ReportData.Finding finding : findings) {
        Measure measure = finding.measure();
        Spread ratio = measure.ratio();
        text.append(
            String.format(
                Locale.ROOT,
                "  %-46s ratio %6s (interquartile range %s to %s); ours %s, theirs %s %s%n",
                finding.label(),
                Numbers.ratio(ratio.median()),
                Numbers.ratio(ratio.quantile(0.25)),
                Numbers.ratio(ratio.quantile(0.75)),
                Numbers.three(measure.ours().median()),
                Numbers.three(measure.theirs().median()),
                measure.unit()));
      }
    }
    return text.append('\n').toString();
  }
}
