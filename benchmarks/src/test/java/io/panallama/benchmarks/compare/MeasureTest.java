package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.benchmarks.compare.Measure.Better;
import io.panallama.benchmarks.compare.Measure.Round;
import io.panallama.benchmarks.compare.Measure.Verdict;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeasureTest {
  @Test
  void moreThanOneIsGoodForUsWhicheverWayAQuantityIsBetter() {
    assertThat(Fixture.measure("rate", Better.HIGHER, 200, 50).ratios()).containsExactly(2.0, 0.5);
    assertThat(Fixture.measure("time", Better.LOWER, 200, 50).ratios()).containsExactly(0.5, 2.0);
  }

  @Test
  void fewRoundsMustAgree() {
    assertThat(Fixture.measure("all good", Better.HIGHER, 101, 102, 103, 104, 150).verdict()).isEqualTo(Verdict.AHEAD);
    assertThat(Fixture.measure("all bad", Better.LOWER, 101, 102, 103, 104, 150).verdict()).isEqualTo(Verdict.BEHIND);
    assertThat(Fixture.measure("one bad round", Better.HIGHER, 101, 102, 103, 104, 50).verdict())
        .isEqualTo(Verdict.EVEN);
    assertThat(Fixture.measure("both", Better.HIGHER, 99, 101, 98, 102, 103).verdict()).isEqualTo(Verdict.EVEN);
    assertThat(Fixture.measure("equal", Better.LOWER, 100, 100, 100, 100, 100).verdict()).isEqualTo(Verdict.EVEN);
  }

  @Test
  void tooFewRoundsNameNoWinner() {
    double[] rounds = new double[Measure.FEWEST_ROUNDS - 1];
    Arrays.fill(rounds, 200);
    assertThat(Fixture.measure("twice as good", Better.HIGHER, rounds).verdict()).isEqualTo(Verdict.UNDECIDED);
    assertThat(Fixture.measure("half as good", Better.LOWER, rounds).verdict()).isEqualTo(Verdict.UNDECIDED);
    assertThat(Fixture.measure("one round", Better.HIGHER, Arrays.copyOf(rounds, 1)).verdict())
        .isEqualTo(Verdict.UNDECIDED);
  }

  @Test
  void theInterquartileRangeOfManyRoundsDecides() {
    double[] rounds = new double[Measure.MANY_ROUNDS];
    Arrays.fill(rounds, 102);
    rounds[3] = 50;
    rounds[7] = 60;
    assertThat(Fixture.measure("two bad rounds", Better.HIGHER, rounds).verdict()).isEqualTo(Verdict.AHEAD);
    assertThat(Fixture.measure("two good rounds", Better.LOWER, rounds).verdict()).isEqualTo(Verdict.BEHIND);
    Arrays.fill(rounds, 0, 5, 98);
    assertThat(Fixture.measure("five bad rounds", Better.HIGHER, rounds).verdict()).isEqualTo(Verdict.EVEN);
  }

  @Test
  void roundsBehindAreCounted() {
    assertThat(Fixture.measure("time", Better.LOWER, 101, 99, 100, 150).roundsBehind()).isEqualTo(2);
  }

  @Test
  void theRatioIsTakenWithinARound() {
    // The machine was twice as fast in the second round; medians of each side alone would say the same, the spread not.
    Measure measure = new Measure("rate", "tokens/s", Better.HIGHER, List.of(new Round(90, 100), new Round(180, 200)));
    assertThat(measure.ratio().min()).isEqualTo(0.9);
    assertThat(measure.ratio().max()).isEqualTo(0.9);
  }

  @Test
  void whatCanNotBeComparedIsRefused() {
    assertThatThrownBy(() -> new Round(0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ours is 0");
    assertThatThrownBy(() -> new Round(1, Double.NaN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("theirs is NaN");
    assertThatThrownBy(() -> new Measure("tg128", "tokens/s", Better.HIGHER, List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tg128");
  }
}
