package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Anthropic's and Ollama's API on llama.cpp itself, with the embedded model. */
@Timeout(120)
class DialectEngineTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MESSAGES = "/v1/messages";
  private static final String CHAT = "/api/chat";
  private static final String CAPITAL = "{\"role\": \"user\", \"content\": \"What is the capital of France?\"}";
  private static final String WEATHER = "{\"role\": \"user\", \"content\": \"What is the weather in Paris?\"}";
  private static final String SCHEMA =
      "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}";

  private static DemoServer demo;

  @BeforeAll
  static void start() {
    demo = DemoServer.start(2);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  private static String message(String conversation, String fields) {
    return "{\"max_tokens\": 100, \"temperature\": 0, \"messages\": [" + conversation + "]" + fields + "}";
  }

  private static String chat(String conversation, String fields) {
    return "{\"options\": {\"num_predict\": 100, \"temperature\": 0}, \"messages\": ["
        + conversation
        + "]"
        + fields
        + "}";
  }

  @Test
  void aMessageIsAnsweredAndContinued() throws Exception {
    JsonNode answer = demo.answer(MESSAGES, message(CAPITAL, ""));
    String text = answer.at("/content/0/text").asText();
    assertThat(text).contains("Paris");
    assertThat(answer.path("stop_reason").asText()).isEqualTo("end_turn");
    String prefix = ", {\"role\": \"assistant\", \"content\": \"" + text.substring(0, 11) + "\"}";
    assertThat(demo.answer(MESSAGES, message(CAPITAL + prefix, "")).at("/content/0/text").asText())
        .isEqualTo(text.substring(11));
    JsonNode stopped = demo.answer(MESSAGES, message(CAPITAL, ", \"stop_sequences\": [\"xyz\", \"of Fr\"]"));
    assertThat(stopped.path("stop_reason").asText()).isEqualTo("stop_sequence");
    assertThat(stopped.path("stop_sequence").asText()).isEqualTo("of Fr");
    int counted = demo.answer(MESSAGES + "/count_tokens", message(CAPITAL, "")).path("input_tokens").asInt();
    JsonNode usage = stopped.path("usage");
    assertThat(usage.path("input_tokens").asInt() + usage.path("cache_read_input_tokens").asInt()).isEqualTo(counted);
    List<JsonNode> events = events(demo.post(MESSAGES, message(CAPITAL, ", \"stream\": true")).body());
    JsonNode begun = events.getFirst().at("/message/usage");
    assertThat(begun.path("input_tokens").asInt() + begun.path("cache_read_input_tokens").asInt()).isEqualTo(counted);
    assertThat(begun.path("cache_read_input_tokens").asInt()).isPositive();
    assertThat(events.stream().map(event -> event.at("/delta/text").asText("")).collect(Collectors.joining()))
        .isEqualTo(text);
  }

  private static List<JsonNode> events(String stream) {
    return TestServer.data(stream).stream().map(TestServer::json).toList();
  }

  /** The whole loop of an agent: the call, its result, the answer. A model that doesn't think has no use for the budget. */
  @Test
  void anAgentCallsATool() throws Exception {
    String tools =
        ", \"thinking\": {\"type\": \"enabled\", \"budget_tokens\": 1024}, \"tools\": [{\"name\": \"get_weather\","
            + "\"description\": \"Weather of a city\", \"input_schema\": "
            + SCHEMA
            + "}]";
    JsonNode called = demo.answer(MESSAGES, message(WEATHER, tools));
    assertThat(called.path("stop_reason").asText()).isEqualTo("tool_use");
    JsonNode call = called.path("content").path(called.path("content").size() - 1);
    assertThat(call.path("id").asText()).startsWith("toolu_");
    assertThat(call.at("/input/city").asText()).isEqualTo("Paris");
    ObjectNode turn = JSON.createObjectNode().put("role", "assistant");
    turn.set("content", called.path("content"));
    ObjectNode result = JSON.createObjectNode().put("role", "user");
    result
        .putArray("content")
        .addObject()
        .put("type", "tool_result")
        .put("tool_use_id", call.path("id").asText())
        .put("content", "Sunny, 25 degrees");
    JsonNode answer = demo.answer(MESSAGES, message(WEATHER + ", " + turn + ", " + result, tools));
    assertThat(answer.at("/content/0/text").asText()).contains("25");
  }

  @Test
  void ollamasChatAnswersAndCalls() throws Exception {
    String[] lines = demo.post(CHAT, chat(CAPITAL, "")).body().split("\n");
    StringBuilder text = new StringBuilder();
    for (String line : lines) {
      text.append(JSON.readTree(line).at("/message/content").asText());
    }
    assertThat(text.toString()).contains("Paris");
    JsonNode end = JSON.readTree(lines[lines.length - 1]);
    assertThat(end.path("done").booleanValue()).isTrue();
    assertThat(end.path("eval_count").asInt()).isPositive();
    assertThat(end.path("total_duration").asLong()).isPositive();

    String tools =
        ", \"stream\": false, \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"get_weather\","
            + "\"description\": \"Weather of a city\", \"parameters\": "
            + SCHEMA
            + "}}]";
    JsonNode turn = demo.answer(CHAT, chat(WEATHER, tools)).path("message");
    assertThat(turn.at("/tool_calls/0/function/arguments/city").asText()).isEqualTo("Paris");
    String result = "{\"role\": \"tool\", \"tool_name\": \"get_weather\", \"content\": \"Sunny, 25 degrees\"}";
    assertThat(demo.answer(CHAT, chat(WEATHER + ", " + turn + ", " + result, tools)).at("/message/content").asText())
        .contains("25");
  }

  @Test
  void ollamasGenerateHasFormats() throws Exception {
    String schema = "{\"prompt\": \"Give me a city\", \"stream\": false, \"format\": " + SCHEMA + "}";
    JsonNode city = JSON.readTree(demo.answer("/api/generate", schema).path("response").asText());
    assertThat(city.path("city").isTextual()).isTrue();
    String raw =
        "{\"prompt\": \"Once upon a time\", \"raw\": true, \"stream\": false, \"options\": {\"num_predict\": 5}}";
    assertThat(demo.answer("/api/generate", raw).path("done_reason").asText()).isEqualTo("length");
  }

  @Test
  void ollamaKnowsWhatTheModelCan() throws Exception {
    ArrayNode capabilities = (ArrayNode) demo.answer("/api/show", "{\"model\": \"demo\"}").path("capabilities");
    assertThat(capabilities).extracting(JsonNode::asText).containsExactly("completion", "tools");
  }
}
