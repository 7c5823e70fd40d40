package io.panallama.server;

import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.server.http.ErrorBoundary;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers, streams and errors in Anthropic's shapes. */
class AnthropicMessagesTest {
  static final String MESSAGES = "/v1/messages";
  static final String HELLO =
      "{\"model\": \"m\", \"max_tokens\": 50, \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}";
  private static final String HELLO_STREAM = HELLO.replace("]}", "], \"stream\": true}");

  /** An event of a stream: its type as the framing has it, and its data. */
  private record Event(String type, JsonNode data) {}

  private static List<Event> events(String stream) {
    List<Event> events = new ArrayList<>();
    String type = "";
    for (String line : stream.lines().toList()) {
      if (line.startsWith("event: ")) {
        type = line.substring(7);
      } else if (line.startsWith("data: ")) {
        JsonNode data = json(line.substring(6));
        assertThat(data.path("type").asText()).isEqualTo(type);
        events.add(new Event(type, data));
        type = "";
      }
    }
    return events;
  }

  private static List<String> data(String stream) {
    return events(stream).stream().map(event -> event.data().toString()).toList();
  }

  private static ScriptedGenerator thinkingAndCalling() {
    return new ScriptedGenerator()
        .playing(script -> {
          script.emit(new GenerationEvent.Reasoning("Let me "));
          script.emit(new GenerationEvent.Reasoning("see."));
          script.say("I \"look\" ");
          script.say("");
          script.say("it up. 🦙");
          script.emit(new GenerationEvent.ToolCallStarted(0, "abc", "now"));
          script.emit(new GenerationEvent.ToolCallStarted(1, "def", "get_weather"));
          script.emit(new GenerationEvent.ToolCallArguments(1, "{\"city\":\"A\uD83E"));
          script.emit(new GenerationEvent.ToolCallArguments(1, "\uDD99\\ud83e"));
          script.emit(new GenerationEvent.ToolCallArguments(1, "\\udd99\"}"));
          script.emit(new GenerationEvent.ToolCallArguments(0, "{}"));
          script.finish(FinishReason.TOOL_CALLS);
        });
  }

  @Test
  void aWholeAnswerIsAMessage() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("Hel", "lo"))) {
      HttpResponse<String> response = server.post(MESSAGES, HELLO);
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      JsonNode message = json(response.body());
      assertThat(message.path("id").asText()).matches("msg_[0-9a-f]{32}");
      assertThat(message.path("type").asText()).isEqualTo("message");
      assertThat(message.path("role").asText()).isEqualTo("assistant");
      assertThat(message.path("model").asText()).isEqualTo("test/model");
      assertThat(message.path("content").toString()).isEqualTo("[{\"type\":\"text\",\"text\":\"Hello\"}]");
      assertThat(message.path("stop_reason").asText()).isEqualTo("end_turn");
      assertThat(message.path("stop_sequence").isNull()).isTrue();
      assertThat(message.path("usage").toString())
          .isEqualTo(
              "{\"input_tokens\":8,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":4,\"output_tokens\":5}");
      assertThat(message.has("timings")).isFalse();
    }
  }

  @Test
  void thoughtsTextAndCallsAreBlocks() {
    try (TestServer server = TestServer.start(thinkingAndCalling())) {
      JsonNode message = json(server.post(MESSAGES, HELLO).body());
      assertThat(message.path("content"))
          .extracting(JsonNode::toString)
          .containsExactly(
              "{\"type\":\"thinking\",\"thinking\":\"Let me see.\",\"signature\":\"\"}",
              "{\"type\":\"text\",\"text\":\"I \\\"look\\\" it up. 🦙\"}",
              "{\"type\":\"tool_use\",\"id\":\"toolu_abc\",\"name\":\"now\",\"input\":{}}",
              "{\"type\":\"tool_use\",\"id\":\"toolu_def\",\"name\":\"get_weather\",\"input\":{\"city\":\"A🦙🦙\"}}");
      assertThat(message.path("stop_reason").asText()).isEqualTo("tool_use");
    }
  }

  /** Programs take the tokens of the cache from the first event, where Anthropic's API has them. */
  @Test
  void theFirstEventKnowsWhatTheCacheHad() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.compute(new PromptProgress(12, 4, 4, Duration.ZERO));
              script.compute(new PromptProgress(12, 4, 12, Duration.ofMillis(5)));
              script.say("Hi");
              script.finish(FinishReason.STOP);
            });
    try (TestServer server = TestServer.start(generator)) {
      List<String> data = data(server.post(MESSAGES, HELLO_STREAM).body());
      assertThat(data.getFirst()).contains("\"input_tokens\":8,").contains("\"cache_read_input_tokens\":4,");
      assertThat(data).filteredOn(event -> event.contains("message_start")).hasSize(1);
    }
  }

  @Test
  void aStreamOpensAndClosesItsBlocks() {
    try (TestServer server = TestServer.start(thinkingAndCalling())) {
      HttpResponse<String> response = server.post(MESSAGES, HELLO_STREAM);
      assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
      List<String> data = data(response.body());
      assertThat(data.getFirst())
          .startsWith("{\"type\":\"message_start\",\"message\":{\"id\":\"msg_")
          .endsWith(
              "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"test/model\",\"content\":[],\"stop_reason\":null,"
                  + "\"stop_sequence\":null,\"usage\":{\"input_tokens\":12,\"cache_creation_input_tokens\":0,"
                  + "\"cache_read_input_tokens\":0,\"output_tokens\":0}}}");
      assertThat(data.subList(1, data.size()))
          .containsExactly(
              "{\"type\":\"ping\"}",
              start(0, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"),
              delta(0, "{\"type\":\"thinking_delta\",\"thinking\":\"Let me \"}"),
              delta(0, "{\"type\":\"thinking_delta\",\"thinking\":\"see.\"}"),
              delta(0, "{\"type\":\"signature_delta\",\"signature\":\"\"}"),
              stop(0),
              start(1, "{\"type\":\"text\",\"text\":\"\"}"),
              delta(1, "{\"type\":\"text_delta\",\"text\":\"I \\\"look\\\" \"}"),
              delta(1, "{\"type\":\"text_delta\",\"text\":\"it up. 🦙\"}"),
              stop(1),
              start(2, "{\"type\":\"tool_use\",\"id\":\"toolu_abc\",\"name\":\"now\",\"input\":{}}"),
              stop(2),
              start(3, "{\"type\":\"tool_use\",\"id\":\"toolu_def\",\"name\":\"get_weather\",\"input\":{}}"),
              delta(3, "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"city\\\":\\\"A\"}"),
              delta(3, "{\"type\":\"input_json_delta\",\"partial_json\":\"🦙\\\\ud83e\"}"),
              delta(3, "{\"type\":\"input_json_delta\",\"partial_json\":\"\\\\udd99\\\"}\"}"),
              stop(3),
              "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":"
                  + "{\"input_tokens\":8,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":4,"
                  + "\"output_tokens\":5}}",
              "{\"type\":\"message_stop\"}");
    }
  }

  private static String start(int index, String block) {
    return "{\"type\":\"content_block_start\",\"index\":" + index + ",\"content_block\":" + block + "}";
  }

  private static String delta(int index, String delta) {
    return "{\"type\":\"content_block_delta\",\"index\":" + index + ",\"delta\":" + delta + "}";
  }

  private static String stop(int index) {
    return "{\"type\":\"content_block_stop\",\"index\":" + index + "}";
  }

  @ParameterizedTest
  @CsvSource({
    "STOP, end_turn",
    "LENGTH, max_tokens",
    "TIME_LIMIT, max_tokens",
    "CONTEXT_FULL, model_context_window_exceeded"
  })
  void theEndHasAReason(FinishReason reason, String expected) {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.say("so far");
              script.emit(new GenerationEvent.ToolCallStarted(0, "abc", "f"));
              script.emit(new GenerationEvent.ToolCallArguments(0, "{\"a\": "));
              script.finish(reason);
            });
    try (TestServer server = TestServer.start(generator)) {
      JsonNode message = json(server.post(MESSAGES, HELLO).body());
      assertThat(message.path("stop_reason").asText()).isEqualTo(expected);
      assertThat(message.path("content")).as("half a call is no call").hasSize(1);
      List<Event> events = events(server.post(MESSAGES, HELLO_STREAM).body());
      assertThat(events.get(events.size() - 2).data().path("delta").path("stop_reason").asText()).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({"END, stop_sequence, END", "<|im_end|>, end_turn,"})
  void theEndNamesTheStopSequence(String stopText, String reason, String sequence) {
    ScriptedGenerator generator = new ScriptedGenerator().playing(script -> script.finishAt(stopText));
    try (TestServer server = TestServer.start(generator)) {
      String body = HELLO.replace("]}", "], \"stop_sequences\": [\"x\", \"\", \"END\"]}");
      JsonNode message = json(server.post(MESSAGES, body).body());
      assertThat(message.path("stop_reason").textValue()).isEqualTo(reason);
      assertThat(message.path("stop_sequence").textValue()).isEqualTo(sequence);
      List<Event> events = events(server.post(MESSAGES, body.replace("]}", "], \"stream\": true}")).body());
      JsonNode delta = events.get(events.size() - 2).data().path("delta");
      assertThat(delta.path("stop_reason").textValue()).isEqualTo(reason);
      assertThat(delta.path("stop_sequence").textValue()).isEqualTo(sequence);
    }
  }

  @Test
  void aFailureMidStreamIsAnErrorEvent() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.say("so far");
              script.fail(
                  new GenerationException(GenerationException.Reason.DECODE_FAILED, "llama_decode failed", null));
            });
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(generator)) {
      List<Event> events = events(server.post(MESSAGES, HELLO_STREAM).body());
      assertThat(events).extracting(Event::type).doesNotContain("message_stop").last().isEqualTo("error");
      assertThat(events.getLast().data().path("error").toString())
          .isEqualTo("{\"type\":\"api_error\",\"message\":\"llama_decode failed\"}");
      assertThat(log.errors()).hasSize(1);
    }
  }

  private static String error(HttpResponse<String> response) {
    JsonNode body = json(response.body());
    assertThat(body.path("type").asText()).as(response.body()).isEqualTo("error");
    return response.statusCode() + " " + body.path("error").path("type").asText();
  }

  @Test
  void errorsHaveAnthropicsTypes() {
    ScriptedGenerator generator = new ScriptedGenerator();
    ServerConfig strict = TestServer.config().toBuilder().strictModelNames(true).maxBodyBytes(2000).build();
    try (TestServer server = TestServer.start(strict, generator)) {
      HttpResponse<String> noJson = server.post(MESSAGES, "{");
      assertThat(error(noJson)).isEqualTo("400 invalid_request_error");
      assertThat(noJson.headers().firstValue("x-request-id"))
          .hasValue(json(noJson.body()).path("request_id").textValue());
      assertThat(error(server.post(MESSAGES, HELLO))).isEqualTo("404 not_found_error");
      assertThat(error(server.get(MESSAGES))).isEqualTo("405 invalid_request_error");
      assertThat(error(server.post(MESSAGES, " ".repeat(2001)))).isEqualTo("413 request_too_large");
      String known = HELLO.replace("\"m\"", "\"test/model\"");
      generator.refuse(new EngineBusyException(64, Duration.ofSeconds(3)));
      HttpResponse<String> busy = server.post(MESSAGES, known);
      assertThat(error(busy)).isEqualTo("429 rate_limit_error");
      assertThat(busy.headers().firstValue("Retry-After")).hasValue("3");
      generator.refuse(new PromptTooLongException(5000, 4096));
      HttpResponse<String> tooLong = server.post(MESSAGES, known);
      assertThat(error(tooLong)).isEqualTo("400 invalid_request_error");
      assertThat(json(tooLong.body()).path("error").path("message").asText())
          .startsWith("prompt is too long: 5000 tokens > 4096 maximum. ");
    }
    try (TestServer server = TestServer.startWithoutModel()) {
      assertThat(error(server.post(MESSAGES, HELLO))).isEqualTo("503 overloaded_error");
    }
  }

  @Test
  void countsTokens() {
    try (TestServer server = TestServer.start(new ScriptedGenerator())) {
      String body =
          """
          {"model": "m", "system": "Be brief.", "messages": [{"role": "user", "content": "Hi"},
           {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]}]}
          """;
      assertThat(server.post(MESSAGES + "/count_tokens", body).body()).isEqualTo("{\"input_tokens\":3}");
      assertThat(error(server.post(MESSAGES + "/count_tokens", "{\"messages\": []}")))
          .isEqualTo("400 invalid_request_error");
    }
  }

  @Test
  void clientsOfAnthropicGetItsListOfModels() {
    try (TestServer server = TestServer.start(new ScriptedGenerator())) {
      JsonNode list = json(anthropic(server, "/v1/models?limit=20").body());
      assertThat(list.path("has_more").booleanValue()).isFalse();
      assertThat(list.path("first_id").asText()).isEqualTo("test/model");
      JsonNode model = list.path("data").path(0);
      assertThat(model.path("type").asText()).isEqualTo("model");
      assertThat(model.path("id").asText()).isEqualTo("test/model");
      assertThat(model.path("display_name").asText()).isEqualTo("test/model");
      assertThat(model.path("created_at").asText()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
      assertThat(model.path("max_input_tokens").asInt()).isEqualTo(4096);
      assertThat(json(anthropic(server, "/v1/models/test/model").body())).isEqualTo(model);
      assertThat(json(anthropic(server, "/v1/models/claude-x").body())).isEqualTo(model);
      assertThat(json(server.get("/v1/models").body()).path("object").asText()).isEqualTo("list");
    }
    ServerConfig strict = TestServer.config().toBuilder().strictModelNames(true).build();
    try (TestServer server = TestServer.start(strict, new ScriptedGenerator())) {
      assertThat(error(anthropic(server, "/v1/models/other"))).isEqualTo("404 not_found_error");
      assertThat(json(server.get("/v1/models/other").body()).path("error").has("code")).isTrue();
    }
  }

  private static HttpResponse<String> anthropic(TestServer server, String path) {
    return server.send(
        server.request(path).header("anthropic-version", "2023-06-01").header("x-api-key", "none").GET().build());
  }
}
