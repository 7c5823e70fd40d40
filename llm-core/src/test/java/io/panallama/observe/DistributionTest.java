package io.panallama.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class DistributionTest {
  private static final Distribution VALUES = Distribution.of(new long[] {1, 10}, new long[] {3, 2, 1}, 40);

  @Test
  void isWhatWasCounted() {
    assertThat(VALUES.buckets()).isEqualTo(2);
    assertThat(VALUES.bound(1)).isEqualTo(10);
    assertThat(VALUES.count(2)).isEqualTo(1);
    assertThat(VALUES.count()).isEqualTo(6);
    assertThat(VALUES.sum()).isEqualTo(40);
  }

  @Test
  void addsUp() {
    assertThat(VALUES.plus(VALUES)).isEqualTo(Distribution.of(new long[] {1, 10}, new long[] {6, 4, 2}, 80));
    assertThat(VALUES.plus(Distribution.NONE)).isSameAs(VALUES);
    assertThat(Distribution.NONE.plus(VALUES)).isSameAs(VALUES);
    Distribution other = Distribution.of(new long[] {1, 11}, new long[] {3, 2, 1}, 40);
    assertThatIllegalArgumentException().isThrownBy(() -> VALUES.plus(other)).withMessageContaining("bounds");
  }

  @Test
  void doesNotChangeWithItsArrays() {
    long[] counts = {3, 2, 1};
    Distribution values = Distribution.of(new long[] {1, 10}, counts, 40);
    counts[0] = 9;
    assertThat(values).isEqualTo(VALUES).hasSameHashCodeAs(VALUES);
  }

  @Test
  void needsBoundsThatIncreaseAndOneCountMore() {
    assertThatIllegalArgumentException().isThrownBy(() -> Distribution.of(new long[] {1}, new long[] {1}, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> Distribution.of(new long[] {2, 2}, new long[] {0, 0, 0}, 0));
  }
}
