package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A client that allows one call an answer gets one, of a model that would make two. */
@Timeout(120)
class SingleCallTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String QUESTION = "What is the weather in Paris and Rome?";
  private static final String MESSAGES = "\"messages\": [{\"role\": \"user\", \"content\": \"" + QUESTION + "\"}]";
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

  private static String chat(String choice, boolean parallel, boolean stream) {
    return """
    {%s, "temperature": 0, "max_tokens": 100, "tool_choice": "%s", "parallel_tool_calls": %s, "stream": %s,
      "tools": [{"type": "function", "function": {"name": "get_weather", "parameters": %s}}]}\
    """
        .formatted(MESSAGES, choice, parallel, stream, SCHEMA);
  }

  private static String message(String choice, boolean stream) {
    return """
    {%s, "temperature": 0, "max_tokens": 100, "stream": %s,
      "tool_choice": {"type": "%s", "disable_parallel_tool_use": true},
      "tools": [{"name": "get_weather", "input_schema": %s}]}\
    """
        .formatted(MESSAGES, stream, choice, SCHEMA);
  }

  private static String response(boolean stream) {
    return """
    {"input": "%s", "temperature": 0, "max_output_tokens": 100, "parallel_tool_calls": false, "stream": %s,
      "tools": [{"type": "function", "name": "get_weather", "parameters": %s}]}\
    """
        .formatted(QUESTION, stream, SCHEMA);
  }

  @ParameterizedTest
  @CsvSource({"auto, true, 2", "auto, false, 1", "required, true, 2", "required, false, 1"})
  void aChatHasAsManyCallsAsAreAllowed(String choice, boolean parallel, int calls) throws Exception {
    JsonNode whole = demo.answer("/v1/chat/completions", chat(choice, parallel, false)).at("/choices/0");
    assertThat(whole.path("finish_reason").asText()).isEqualTo("tool_calls");
    assertThat(whole.at("/message/tool_calls")).hasSize(calls);
    assertThat(JSON.readTree(whole.at("/message/tool_calls/0/function/arguments").asText()).path("city").asText())
        .isEqualTo("Paris");
    Set<Integer> told = new HashSet<>();
    String reason = "";
    StringBuilder first = new StringBuilder();
    List<String> events =
        TestServer.data(demo.post("/v1/chat/completions", chat(choice, parallel, true)).body()).stream()
            .filter(event -> event.startsWith("{"))
            .toList();
    for (String event : events) {
      JsonNode one = JSON.readTree(event).at("/choices/0");
      for (JsonNode call : one.at("/delta/tool_calls")) {
        told.add(call.path("index").asInt());
        first.append(call.path("index").asInt() == 0 ? call.at("/function/arguments").asText() : "");
      }
      reason = one.path("finish_reason").isTextual() ? one.path("finish_reason").asText() : reason;
    }
    assertThat(told).hasSize(calls);
    assertThat(JSON.readTree(first.toString()).path("city").asText()).isEqualTo("Paris");
    assertThat(reason).isEqualTo("tool_calls");
  }

  /** The engine goes on until it learns that the call is whole, which takes now more and now less. */
  @RepeatedTest(5)
  void usageAndLogProbabilitiesEndWithTheCall() throws Exception {
    JsonNode whole = demo.answer("/v1/chat/completions", counted(false));
    JsonNode logprobs = whole.at("/choices/0/logprobs/content");
    String text = String.join("", logprobs.findValuesAsText("token"));
    assertThat(text.strip()).endsWith("}");
    assertThat(text).contains(whole.at("/choices/0/message/tool_calls/0/function/arguments").asText());
    int tokens = whole.at("/usage/completion_tokens").asInt();
    assertThat(logprobs).hasSize(tokens);
    int streamed = 0;
    for (String event : TestServer.data(demo.post("/v1/chat/completions", counted(true)).body())) {
      if (event.startsWith("{")) {
        JsonNode chunk = JSON.readTree(event);
        streamed += chunk.at("/choices/0/logprobs/content").size();
        assertThat(chunk.at("/usage/completion_tokens").asInt(tokens)).isEqualTo(tokens);
      }
    }
    assertThat(streamed).isEqualTo(tokens);
  }

  private static String counted(boolean stream) {
    return chat("required", false, stream)
        .replaceFirst("\\{", "{\"logprobs\": true, \"stream_options\": {\"include_usage\": true}, ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "any"})
  void aMessageHasOneCall(String choice) throws Exception {
    JsonNode whole = demo.answer("/v1/messages", message(choice, false));
    assertThat(whole.path("content").findValuesAsText("type")).containsExactly("tool_use");
    assertThat(whole.path("stop_reason").asText()).isEqualTo("tool_use");
    String stream = demo.post("/v1/messages", message(choice, true)).body();
    assertThat(stream.split("content_block_start\n", -1)).hasSize(2);
    assertThat(stream).contains("\"stop_reason\":\"tool_use\"");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aResponseHasOneCall(boolean stream) throws Exception {
    JsonNode response =
        stream
            ? JSON.readTree(TestServer.data(demo.post("/v1/responses", response(true)).body()).getLast())
                .path("response")
            : demo.answer("/v1/responses", response(false));
    assertThat(response.path("output").findValuesAsText("type")).containsExactly("function_call");
    assertThat(response.path("status").asText()).isEqualTo("completed");
    assertThat(response.path("parallel_tool_calls").asBoolean(true)).isFalse();
  }
}
