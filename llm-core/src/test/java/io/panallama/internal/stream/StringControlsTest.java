package io.panallama.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ToolCall;
import org.junit.jupiter.api.Test;

class StringControlsTest {
  private static final String WRITTEN = "{\n\t\"a\": \"one\ntwo\t\\\"\u0001\\\n\\\\\", \"b\":\r [\"\\n\n\"]}";
  private static final String JSON = "{\n\t\"a\": \"one\\ntwo\\t\\\"\\u0001\\n\\\\\", \"b\":\r [\"\\n\\n\"]}";

  @Test
  void controlCharactersOfStringsAreEscapedWhateverThePieces() {
    assertThat(ToolCall.isWhole(WRITTEN)).isFalse();
    assertThat(ToolCall.isWhole(JSON)).isTrue();
    for (int first = 0; first <= WRITTEN.length(); first++) {
      for (int second = first; second <= WRITTEN.length(); second++) {
        StringControls controls = new StringControls();
        assertThat(
                controls.escaped(WRITTEN.substring(0, first))
                    + controls.escaped(WRITTEN.substring(first, second))
                    + controls.escaped(WRITTEN.substring(second)))
            .isEqualTo(JSON);
      }
    }
  }

  @Test
  void whatIsJsonStaysAsItIs() {
    assertThat(new StringControls().escaped(JSON)).isSameAs(JSON);
  }
}
