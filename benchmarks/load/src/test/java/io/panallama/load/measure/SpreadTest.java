package io.panallama.load.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SpreadTest {
  @Test
  void quantilesLieBetweenTheNearestNumbers() {
    Spread spread = Spread.of(4, 1, 3, 2);
    assertThat(spread.median()).isEqualTo(2.5);
    assertThat(spread.quantile(0.25)).isEqualTo(1.75);
    assertThat(spread.interquartileRange()).isEqualTo(1.5);
    assertThat(spread.quantile(0.99)).isCloseTo(3.97, within(1e-9));
    assertThat(spread.min()).isEqualTo(1);
    assertThat(spread.max()).isEqualTo(4);
  }

  @Test
  void oneNumberIsAllQuantiles() {
    Spread spread = Spread.of(7);
    assertThat(spread.quantile(0)).isEqualTo(7);
    assertThat(spread.quantile(1)).isEqualTo(7);
  }

  @Test
  void nothingHasNoSpread() {
    assertThatThrownBy(Spread::of).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void deviationIsThatOfASample() {
    Spread spread = Spread.of(2, 4, 4, 4, 5, 5, 7, 9);
    assertThat(spread.mean()).isEqualTo(5);
    assertThat(spread.standardDeviation()).isCloseTo(Math.sqrt(32.0 / 7), within(1e-12));
    assertThat(Spread.of(7).standardDeviation()).isZero();
  }
}
