package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScaleTest {
  @Test
  void aLinearAxisBeginsAtZeroAndEndsAtARoundNumber() {
    Scale scale = Scale.linear(383, 200, 0);
    assertThat(scale.ticks()).containsExactly(0.0, 100.0, 200.0, 300.0, 400.0);
    assertThat(scale.at(0)).isEqualTo(200);
    assertThat(scale.at(400)).isCloseTo(0, within(1e-9));
    assertThat(scale.at(100)).isCloseTo(150, within(1e-9));
  }

  @Test
  void aLogarithmicAxisHasTicksAtOneTwoAndFive() {
    assertThat(Scale.logarithmic(8, 120, 100, 0).ticks()).containsExactly(10.0, 20.0, 50.0, 100.0);
  }

  @Test
  void aFlatLineStillHasAnAxis() {
    Scale scale = Scale.logarithmic(3, 3, 100, 0);
    assertThat(scale.at(3)).isBetween(0.0, 100.0);
    assertThat(scale.ticks()).containsExactly(1.5, 2.0, 2.5, 3.0);
  }

  @Test
  void twiceAndHalfAreEquallyFarFromEqual() {
    Scale scale = Scale.ratios(0.5, 2, 0, 100);
    assertThat(scale.at(1) - scale.at(0.5)).isCloseTo(scale.at(2) - scale.at(1), within(1e-9));
    assertThat(scale.at(0.5)).isPositive();
    assertThat(scale.at(2)).isLessThan(100);
  }

  @Test
  void oneIsAlwaysATickWithOthersOnBothSides() {
    for (double[] range :
        new double[][] {{0.99, 1.01}, {0.5, 0.6}, {3, 4}, {0.02, 30}, {0.06, 40}, {0.2, 0.25}, {0.97, 1.6}}) {
      Scale scale = Scale.ratios(range[0], range[1], 0, 100);
      assertThat(scale.ticks()).contains(1.0).hasSizeBetween(3, 14).isSorted().doesNotHaveDuplicates();
      assertThat(scale.ticks().getFirst()).isLessThan(1);
      assertThat(scale.ticks().getLast()).isGreaterThan(1);
    }
  }
}
