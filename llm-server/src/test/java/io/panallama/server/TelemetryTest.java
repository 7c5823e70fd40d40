package io.panallama.server;

import static io.panallama.server.TestServer.data;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.generation.FinishReason;
import io.panallama.generation.PromptProgress;
import io.panallama.server.dialect.Ignored;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code return_progress} and {@code timings_per_token}. */
@Timeout(60)
class TelemetryTest {
  private static final ScriptedGenerator GENERATOR =
      new ScriptedGenerator()
          .playing(script -> {
            script.compute(new PromptProgress(12, 4, 4, Duration.ofNanos(105_000)));
            script.compute(new PromptProgress(12, 4, 8, Duration.ofMillis(7)));
            script.compute(new PromptProgress(12, 4, 12, Duration.ofMillis(16)));
            script.say("one");
            script.say(" two");
            script.finish(FinishReason.STOP);
          });

  private static List<JsonNode> chunks(String path, String body, String more) {
    try (TestServer server = TestServer.start(GENERATOR)) {
      HttpResponse<String> response = server.post(path, "{" + body + ", \"stream\": true" + more + "}");
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      assertThat(response.headers().firstValue(Ignored.HEADER)).isEmpty();
      List<JsonNode> chunks = new ArrayList<>();
      for (String data : data(response.body())) {
        if (!data.equals("[DONE]")) {
          chunks.add(TestServer.json(data));
        }
      }
      return chunks;
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | "messages": [{"role": "user", "content": "Hello"}]
          /v1/completions      | "prompt": "p"
          /completion          | "prompt": "p"
          /v1/responses        | "input": "p"
          """)
  void aStreamTellsHowFarItIs(String path, String body) {
    assertThat(chunks(path, body, "")).noneMatch(chunk -> chunk.has("prompt_progress"));

    List<JsonNode> states =
        chunks(path, body, ", \"return_progress\": true").stream()
            .filter(chunk -> chunk.has("prompt_progress"))
            .toList();
    assertThat(states)
        .extracting(chunk -> chunk.path("prompt_progress").toString())
        .containsExactly(
            "{\"total\":12,\"cache\":4,\"processed\":4,\"time_ms\":0}",
            "{\"total\":12,\"cache\":4,\"processed\":8,\"time_ms\":7}",
            "{\"total\":12,\"cache\":4,\"processed\":12,\"time_ms\":16}");
    assertThat(states).noneMatch(chunk -> chunk.has("timings"));

    List<JsonNode> timed =
        chunks(path, body, ", \"timings_per_token\": true").stream()
            .filter(chunk -> chunk.toString().contains("two"))
            .filter(chunk -> chunk.has("timings"))
            .toList();
    assertThat(timed).isNotEmpty();
    JsonNode timings = timed.getFirst().path("timings");
    assertThat(timings.path("cache_n").asInt()).isEqualTo(4);
    assertThat(timings.path("prompt_n").asInt()).isEqualTo(8);
    assertThat(timings.path("prompt_ms").asDouble()).isEqualTo(16);
    assertThat(timings.path("predicted_n").asInt()).isEqualTo(2);
    assertThat(timings.path("predicted_ms").asDouble()).isNotNegative();

    assertThat(chunks(path, body, ", \"timings_per_token\": true, \"return_progress\": true"))
        .filteredOn(chunk -> chunk.has("prompt_progress") && !path.equals("/v1/responses"))
        .allMatch(chunk -> chunk.has("timings"));
  }

  /** The time until the engine takes up a prompt is none that the prompt took. */
  @Test
  void nothingIsTimedBeforeAnythingIsComputed() {
    JsonNode first =
        chunks("/completion", "\"prompt\": \"p\"", ", \"return_progress\": true, \"timings_per_token\": true")
            .getFirst();
    assertThat(first.path("prompt_progress").path("processed").asInt()).isEqualTo(4);
    assertThat(first.path("timings").path("prompt_n").asInt(-1)).isZero();
    assertThat(first.path("timings").path("prompt_ms").asDouble(-1)).isZero();
  }
}
