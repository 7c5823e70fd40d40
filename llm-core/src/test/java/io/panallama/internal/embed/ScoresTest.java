package io.panallama.internal.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScoresTest {
  @Test
  void softmaxAddsUpToOneHoweverLargeTheOutputs() {
    float[] small = {0, (float) Math.log(3)};
    Scores.softmax(small);
    assertThat(small[0]).isCloseTo(0.25f, within(1e-6f));
    assertThat(small[1]).isCloseTo(0.75f, within(1e-6f));
    float[] large = {3e38f, -3e38f, 3e38f};
    Scores.softmax(large);
    assertThat(large).containsExactly(0.5f, 0, 0.5f);
    float[] single = {-7};
    Scores.softmax(single);
    assertThat(single).containsExactly(1);
  }

  @Test
  void sigmoidIsBetweenZeroAndOne() {
    float[] outputs = {0, 3e38f, -3e38f, (float) Math.log(4)};
    Scores.sigmoid(outputs);
    assertThat(outputs[0]).isEqualTo(0.5f);
    assertThat(outputs[1]).isEqualTo(1);
    assertThat(outputs[2]).isEqualTo(0);
    assertThat(outputs[3]).isCloseTo(0.8f, within(1e-6f));
  }

  @Test
  void theFirstOfEqualsIsTheLargest() {
    assertThat(Scores.largest(new float[] {1, 3, 2, 3})).isEqualTo(1);
    assertThat(Scores.largest(new float[] {-1})).isZero();
  }
}
