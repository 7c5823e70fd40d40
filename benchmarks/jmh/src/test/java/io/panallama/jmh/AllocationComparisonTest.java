package io.panallama.jmh;

import static io.panallama.jmh.AllocationComparison.Verdict.LESS;
import static io.panallama.jmh.AllocationComparison.Verdict.MISSING;
import static io.panallama.jmh.AllocationComparison.Verdict.MORE;
import static io.panallama.jmh.AllocationComparison.Verdict.NEW;
import static io.panallama.jmh.AllocationComparison.Verdict.SAME;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.jmh.AllocationBaseline.Range;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class AllocationComparisonTest {
  private static final Predicate<String> ALL = _ -> true;

  private static AllocationBaseline baseline(Map<String, Range> ranges) {
    return AllocationBaseline.of(25, ranges);
  }

  private static AllocationComparison compare(double before, double now, long operations) {
    return AllocationComparison.of(
        baseline(Map.of("A.a", new Range(before, before))), Map.of("A.a", new Allocation(now, operations)), ALL);
  }

  @Test
  void theSameIsGood() {
    AllocationComparison comparison = compare(48, 48.003, 1_000_000);
    assertThat(comparison.names(SAME)).containsExactly("A.a");
    assertThat(comparison.isGood()).isTrue();
  }

  @Test
  void oneMoreObjectOfTheSmallestSizeIsARegression() {
    for (double before : new double[] {0, 16, 48, 300}) {
      AllocationComparison comparison = compare(before, before + 16, 1_000_000);
      assertThat(comparison.names(MORE)).as("%s bytes before", before).containsExactly("A.a");
      assertThat(comparison.isGood()).isFalse();
    }
  }

  @Test
  void whatIsLessIsGoodAndSaidToBeLess() {
    AllocationComparison comparison = compare(48, 24, 1_000_000);
    assertThat(comparison.names(LESS)).containsExactly("A.a");
    assertThat(comparison.isGood()).isTrue();
  }

  @Test
  void whatLiesBetweenTheJvmsOfTheBaselineIsTheSame() {
    AllocationBaseline baseline = baseline(Map.of("A.a", new Range(1048, 1235)));
    for (double now : new double[] {1040, 1048, 1150, 1235, 1250}) {
      Map<String, Allocation> measured = Map.of("A.a", new Allocation(now, 1_000_000));
      assertThat(AllocationComparison.of(baseline, measured, ALL).names(SAME)).as("%s bytes", now).hasSize(1);
    }
    Map<String, Allocation> less = Map.of("A.a", new Allocation(1000, 1_000_000));
    assertThat(AllocationComparison.of(baseline, less, ALL).names(LESS)).containsExactly("A.a");
    Map<String, Allocation> more = Map.of("A.a", new Allocation(1300, 1_000_000));
    assertThat(AllocationComparison.of(baseline, more, ALL).names(MORE)).containsExactly("A.a");
  }

  @Test
  void whatManyBytesAllocateMayDifferByAShare() {
    assertThat(compare(10_000, 10_150, 1_000_000).isGood()).isTrue();
    assertThat(compare(10_000, 10_250, 1_000_000).isGood()).isFalse();
  }

  @Test
  void fewOperationsLeaveRoomForWhatOthersAllocateMeanwhile() {
    assertThat(compare(0, 24, 100).isGood()).isTrue();
    assertThat(compare(0, 40, 100).isGood()).isFalse();
    assertThat(compare(0, 16, 1_000).isGood()).isFalse();
  }

  @Test
  void aBenchmarkWithoutABaselineIsNotGood() {
    AllocationComparison comparison =
        AllocationComparison.of(baseline(Map.of()), Map.of("A.a", new Allocation(0, 1)), ALL);
    assertThat(comparison.names(NEW)).containsExactly("A.a");
    assertThat(comparison.isGood()).isFalse();
  }

  @Test
  void aBaselineWithoutABenchmarkIsNotGoodIfItWasToBeMeasured() {
    AllocationBaseline baseline = baseline(Map.of("A.a", new Range(8, 8), "B.b", new Range(8, 8)));
    Map<String, Allocation> measured = Map.of("A.a", new Allocation(8, 1_000));
    AllocationComparison all = AllocationComparison.of(baseline, measured, ALL);
    assertThat(all.names(MISSING)).containsExactly("B.b");
    assertThat(all.isGood()).isFalse();
    AllocationComparison some = AllocationComparison.of(baseline, measured, name -> name.startsWith("A"));
    assertThat(some.names(MISSING)).isEmpty();
    assertThat(some.isGood()).isTrue();
  }
}
