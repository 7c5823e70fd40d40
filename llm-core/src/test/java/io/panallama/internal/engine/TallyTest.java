package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.observe.Distribution;
import org.junit.jupiter.api.Test;

class TallyTest {
  @Test
  void aBoundBelongsToItsBucket() {
    Tally tally = Tally.ofTokens();
    tally.add(0);
    tally.add(1);
    tally.add(2);
    tally.add(8);
    tally.add(16_384);
    tally.add(16_385);
    Distribution values = tally.snapshot();
    assertThat(values.count(0)).isEqualTo(2);
    assertThat(values.count(1)).isEqualTo(2);
    assertThat(values.count(values.buckets() - 1)).isEqualTo(1);
    assertThat(values.count(values.buckets())).isEqualTo(1);
    assertThat(values.sum()).isEqualTo(0 + 1 + 2 + 8 + 16_384 + 16_385);
  }

  @Test
  void durationsHaveVllmsBounds() {
    Distribution values = Tally.ofDurations().snapshot();
    long[] bounds = new long[values.buckets()];
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = values.bound(i);
    }
    assertThat(bounds).contains(10_000_000L, 25_000_000L, 75_000_000L, 1_000_000_000L, 80_000_000_000L).isSorted();
  }
}
