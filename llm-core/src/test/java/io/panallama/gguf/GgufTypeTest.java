package io.panallama.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class GgufTypeTest {
  @Test
  void idsAndSizesAreThoseOfGgml() {
    assertThat(GgufType.values()).hasSize(35);
    assertThat(GgufType.ofId(12)).hasValue(GgufType.Q4_K);
    assertThat(GgufType.ofId(4)).isEmpty();
    assertThat(GgufType.ofId(-1)).isEmpty();
    assertThat(GgufType.ofId(43)).isEmpty();
    assertThat(GgufType.Q4_K.bytes(512)).isEqualTo(288);
    assertThatIllegalArgumentException().isThrownBy(() -> GgufType.Q8_0.bytes(31));
  }

  @Test
  void valueTypesAreThoseOfGguf() {
    assertThat(GgufValueType.ofId(9)).hasValue(GgufValueType.ARRAY);
    assertThat(GgufValueType.ofId(12)).hasValue(GgufValueType.FLOAT64);
    assertThat(GgufValueType.ofId(13)).isEmpty();
  }
}
