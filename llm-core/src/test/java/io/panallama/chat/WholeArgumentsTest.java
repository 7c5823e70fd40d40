package io.panallama.chat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WholeArgumentsTest {
  @ParameterizedTest
  @ValueSource(strings = {"{}", " {\"a\": [1, {\"b\": \"}\"}]} ", "{\"a\": \"\\\"}\"}"})
  void anObjectIsWhole(String arguments) {
    assertThat(ToolCall.isWhole(arguments)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "{", "{\"a\": {}", "{\"a\": \"}", "{} {}", "{}x", "{\"a\": tru}", "[]", "null", "\"{}\""})
  void anythingElseIsNot(String arguments) {
    assertThat(ToolCall.isWhole(arguments)).isFalse();
  }

  @Test
  void noObjectIsTooDeepOrTooLong() {
    int depth = 5_000;
    assertThat(ToolCall.isWhole("{\"a\":" + "[".repeat(depth) + "]".repeat(depth) + "}")).isTrue();
    assertThat(ToolCall.isWhole("{\"" + "a".repeat(60_000) + "\":\"" + "b".repeat(21_000_000) + "\"}")).isTrue();
  }
}
