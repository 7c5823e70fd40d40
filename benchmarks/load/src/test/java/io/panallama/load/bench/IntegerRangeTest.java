package io.panallama.load.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IntegerRangeTest {
  @Test
  void readsListsAndRangesAsLlamaBenchDoes() {
    assertThat(IntegerRange.parse("512")).containsExactly(512);
    assertThat(IntegerRange.parse("1,2,8")).containsExactly(1, 2, 8);
    assertThat(IntegerRange.parse("1-4")).containsExactly(1, 2, 3, 4);
    assertThat(IntegerRange.parse("0-2048+512")).containsExactly(0, 512, 1024, 1536, 2048);
    assertThat(IntegerRange.parse("1-32*2")).containsExactly(1, 2, 4, 8, 16, 32);
    assertThat(IntegerRange.parse("7,1-10+4,0")).containsExactly(7, 1, 5, 9, 0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "1,",
        ",1",
        "-1",
        "4-1",
        "1-4*1",
        "0-4*2",
        "1-4+0",
        "1-4/2",
        "1.5",
        "9999999999",
        "0-999999999"
      })
  void refusesWhatIsNoListOrTooLong(String text) {
    assertThatThrownBy(() -> IntegerRange.parse(text)).isInstanceOf(BenchException.class);
  }
}
