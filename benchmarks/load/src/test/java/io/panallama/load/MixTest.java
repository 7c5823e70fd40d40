package io.panallama.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MixTest {
  private static final Mix MIX = new Mix(16, 1600, 10, 1000);

  @Test
  void lengthsStayInTheirRangeAndHalfAreBelowTheGeometricMean() {
    SplittableRandom random = new SplittableRandom(1);
    int[] prompts = IntStream.range(0, 10_000).map(_ -> MIX.prompt(random)).toArray();
    assertThat(IntStream.of(prompts).min()).hasValue(16);
    assertThat(IntStream.of(prompts).max().orElseThrow()).isBetween(1580, 1600);
    assertThat(IntStream.of(prompts).filter(length -> length < 160).count()).isBetween(4_800L, 5_200L);
    int[] answers = IntStream.range(0, 10_000).map(_ -> MIX.answer(random)).toArray();
    assertThat(IntStream.of(answers).filter(length -> length < 100).count()).isBetween(4_800L, 5_200L);
  }

  @Test
  void aSeedGivesTheSameLengths() {
    assertThat(IntStream.range(0, 50).map(_ -> MIX.prompt(new SplittableRandom(3))).distinct().count()).isEqualTo(1);
    assertThat(new Mix(7, 7, 5, 5).prompt(new SplittableRandom(4))).isEqualTo(7);
  }

  @Test
  void lengthsThatAreNoneAreRefused() {
    assertThatThrownBy(() -> new Mix(0, 1, 1, 1)).hasMessageContaining("prompts of 0 to 1");
    assertThatThrownBy(() -> new Mix(1, 1, 5, 4)).hasMessageContaining("answers of 5 to 4");
  }
}
