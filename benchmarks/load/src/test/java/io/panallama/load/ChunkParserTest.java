package io.panallama.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkParserTest {
  private final ChunkParser parser = new ChunkParser(true);

  private boolean read(String json) throws IOException {
    byte[] bytes = (json + "garbage behind the end").getBytes(StandardCharsets.UTF_8);
    return parser.read(bytes, bytes.length - "garbage behind the end".length());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}",
        "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"a\"},\"logprobs\":{\"content\":[]}}],\"usage\":null}",
        "{\"choices\":[{\"delta\":{\"reasoning_content\":\"a\"}}]}",
        "{\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\"}}]}}]}",
        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0},{\"index\":1}],\"content\":null}}]}",
        "{\"choices\":[{\"delta\":{\"tool_calls\":[],\"content\":\"a\"}}]}",
        "{\"choices\":[{\"text\":\"a\",\"index\":0}]}",
      })
  void textIsText(String chunk) throws IOException {
    assertThat(read(chunk)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"choices\":[]}",
        "{\"choices\":null}",
        "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}",
        "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}",
        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}",
        "{\"choices\":[{\"text\":\"\",\"index\":0}]}",
        "{\"choices\":[{\"delta\":{\"content\":\"\",\"tool_calls\":[]}}]}",
        "{\"choices\":[{\"delta\":{\"tool_calls\":null}}]}",
        "{\"content\":\"a\",\"other\":{\"choices\":[{\"text\":\"a\"}]}}",
      })
  void nothingIsNoText(String chunk) throws IOException {
    assertThat(read(chunk)).isFalse();
  }

  @Test
  void theEndCarriesReasonCountsAndTimings() throws IOException {
    assertThat(parser.promptTokens()).isEqualTo(ChunkParser.UNKNOWN);
    read("{\"choices\":[{\"delta\":{\"content\":\"Hé\"}}]}");
    read("{\"choices\":[{\"delta\":{\"reasoning\":\"hm\",\"content\":\"llo\"}}]}");
    read("{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}],\"timings\":{\"queued_ms\":1.5,\"prompt_n\":3}}");
    read(
        "{\"choices\":[],\"usage\":{\"completion_tokens\":2,\"prompt_tokens\":9,\"total_tokens\":11,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":3}}}");

    assertThat(parser.text()).isEqualTo("Héllo");
    assertThat(parser.finishReason()).isEqualTo("length");
    assertThat(parser.promptTokens()).isEqualTo(9);
    assertThat(parser.completionTokens()).isEqualTo(2);
    assertThat(parser.cachedTokens()).isEqualTo(3);
    assertThat(parser.queuedMillis()).isEqualTo(1.5);
    assertThat(parser.error()).isEmpty();
  }

  @Test
  void errorsAreFoundInEveryShape() throws IOException {
    read("{\"error\":{\"message\":\"too late\",\"code\":500}}");
    assertThat(parser.error()).isEqualTo("too late");
    read("{\"error\":\"short\"}");
    assertThat(parser.error()).isEqualTo("short");
    read("{\"error\":{\"code\":5}}");
    assertThat(parser.error()).isEqualTo("an error without a message");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "5", "{", "{\"choices\":[{", "<html>"})
  void whatIsNoObjectIsRefused(String chunk) {
    assertThatThrownBy(() -> read(chunk)).isInstanceOf(IOException.class);
  }

  @Test
  void countsOfSeveralAnswersAreAddedAndCountsSoFarAreNot() throws IOException {
    String running = "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"completion_tokens\":%d}}";
    read(running.formatted(1));
    read(running.formatted(2));
    assertThat(parser.completionTokens()).isEqualTo(2);
    // llama-server sends one of these for each answer; the order of the fields does not matter.
    read("{\"choices\":[],\"usage\":{\"completion_tokens\":3,\"prompt_tokens\":9}}");
    read("{\"usage\":{\"completion_tokens\":4,\"prompt_tokens\":9},\"choices\":[]}");
    assertThat(parser.completionTokens()).isEqualTo(7);
    assertThat(parser.promptTokens()).isEqualTo(9);
  }
}
