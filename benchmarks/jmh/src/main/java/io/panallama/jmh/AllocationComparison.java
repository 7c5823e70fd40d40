package io.panallama.jmh;

import io.panallama.jmh.AllocationBaseline.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Measured allocation compared with a baseline.
 *
 * @param findings one for each benchmark that was measured or should have been, by name
 */
record AllocationComparison(List<Finding> findings) {
  /** The verdict about a benchmark. */
  enum Verdict {
    /** Within the range of the baseline. */
    SAME(true),
    /** Less than in any JVM before: worth an update of the baseline, or the gain can be lost again unseen. */
    LESS(true),
    /** More than in any JVM before. */
    MORE(false),
    /** Not in the baseline, so growth would go unnoticed. */
    NEW(false),
    /** In the baseline, but there is no such benchmark. */
    MISSING(false);

    private final boolean good;

    Verdict(boolean good) {
      this.good = good;
    }

    boolean isGood() {
      return good;
    }
  }

  /**
   * One benchmark.
   *
   * @param before empty if it is new
   * @param now empty if it is missing
   */
  record Finding(String benchmark, Verdict verdict, Optional<Range> before, Optional<Allocation> now) {}

  AllocationComparison {
    findings = List.copyOf(findings);
  }

  /**
   * Compares.
   *
   * @param measured by name
   * @param selected which benchmarks were to be measured
   */
  static AllocationComparison of(
      AllocationBaseline baseline, Map<String, Allocation> measured, Predicate<String> selected) {
    TreeSet<String> names = new TreeSet<>(measured.keySet());
    baseline.ranges().keySet().stream().filter(selected).forEach(names::add);
    List<Finding> findings = new ArrayList<>();
    for (String name : names) {
      Optional<Range> before = Optional.ofNullable(baseline.ranges().get(name));
      Optional<Allocation> now = Optional.ofNullable(measured.get(name));
      findings.add(new Finding(name, verdict(before, now), before, now));
    }
    return new AllocationComparison(findings);
  }

  private static Verdict verdict(Optional<Range> before, Optional<Allocation> now) {
    if (now.isEmpty()) {
      return Verdict.MISSING;
    }
    if (before.isEmpty()) {
      return Verdict.NEW;
    }
    Allocation allocation = now.get();
    Range range = before.get();
    if (allocation.bytes() > range.most() + allocation.tolerance(range.most())) {
      return Verdict.MORE;
    }
    return allocation.bytes() < range.least() - allocation.tolerance(range.least()) ? Verdict.LESS : Verdict.SAME;
  }

  /** Whether nothing allocates more than it did and every benchmark has a baseline. */
  boolean isGood() {
    return findings.stream().allMatch(finding -> finding.verdict().isGood());
  }

  /** The benchmarks with a verdict. */
  List<String> names(Verdict verdict) {
    return findings.stream().filter(finding -> finding.verdict() == verdict).map(Finding::benchmark).toList();
  }
}
