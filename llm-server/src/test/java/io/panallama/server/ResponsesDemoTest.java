package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The Responses API on llama.cpp itself. */
@Timeout(120)
class ResponsesDemoTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RESPONSES = "/v1/responses";
  private static final String TOOLS =
      """
      "tools": [{"type": "function", "name": "get_weather", "description": "Weather of a city", "strict": true,
        "parameters": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}},
          "required": ["city"], "additionalProperties": false}}]\
      """;

  private static DemoServer demo;

  @BeforeAll
  static void start() {
    demo = DemoServer.start(2);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  private static String text(JsonNode response) {
    return response.path("output").path(0).path("content").path(0).path("text").asText();
  }

  @Test
  void theStreamAndTheWholeAnswerAreTheSame() throws Exception {
    String body =
        """
        {"input": "Tell me a story", "temperature": 0, "max_output_tokens": 12, "stream": %s}\
        """;
    JsonNode whole = demo.answer(RESPONSES, body.formatted(false));
    assertThat(whole.path("status").asText()).isEqualTo("incomplete");
    assertThat(whole.path("usage").path("output_tokens").asInt()).isEqualTo(12);
    List<String> events = TestServer.data(demo.post(RESPONSES, body.formatted(true)).body());
    StringBuilder text = new StringBuilder();
    for (String event : events) {
      JsonNode one = JSON.readTree(event);
      text.append(one.path("type").asText().equals("response.output_text.delta") ? one.path("delta").asText() : "");
    }
    assertThat(text.toString()).isEqualTo(text(whole)).isNotBlank();
  }

  @Test
  void aFunctionThatIsChosenByNameIsCalledOnce() throws Exception {
    JsonNode response =
        demo.answer(
            RESPONSES,
            "{\"input\": \"Weather?\", \"temperature\": 0, \"parallel_tool_calls\": true, "
                + "\"tool_choice\": {\"type\": \"function\", \"name\": \"get_weather\"}, "
                + TOOLS
                + "}");
    assertThat(response.path("status").asText()).isEqualTo("completed");
    assertThat(response.path("output").findValuesAsText("type")).containsExactly("function_call");
  }

  @Test
  void aConversationGoesOnFromItsPreviousResponse() throws Exception {
    JsonNode first =
        demo.answer(
            RESPONSES,
            """
            {"input": "Tell me a story", "temperature": 0, "max_output_tokens": 8}\
            """);
    JsonNode counted =
        demo.answer(
            RESPONSES + "/input_tokens",
            """
            {"input": "Go on", "previous_response_id": "%s"}\
            """
                .formatted(first.path("id").asText()));
    JsonNode second =
        demo.answer(
            RESPONSES,
            """
            {"input": "Go on", "previous_response_id": "%s", "max_output_tokens": 4}\
            """
                .formatted(first.path("id").asText()));
    int tokens = second.path("usage").path("input_tokens").asInt();
    assertThat(tokens).isEqualTo(counted.path("input_tokens").asInt());
    assertThat(tokens).isGreaterThan(first.path("usage").path("total_tokens").asInt());
  }

  @Test
  void aToolIsCalledAndItsResultAnswered() throws Exception {
    JsonNode called =
        demo.answer(
            RESPONSES,
            "{\"input\": \"What is the weather in Paris?\", \"temperature\": 0, \"tool_choice\": \"required\", "
                + TOOLS
                + "}");
    JsonNode call = called.path("output").path(called.path("output").size() - 1);
    assertThat(call.path("type").asText()).isEqualTo("function_call");
    assertThat(JSON.readTree(call.path("arguments").asText()).path("city").asText()).isNotEmpty();
    JsonNode answer =
        demo.answer(
            RESPONSES,
            "{\"previous_response_id\": \""
                + called.path("id").asText()
                + "\", \"temperature\": 0, \"max_output_tokens\": 30, \"input\": [{\"type\": \"function_call_output\", "
                + "\"call_id\": \""
                + call.path("call_id").asText()
                + "\", \"output\": \"{\\\"temp\\\": 20}\"}], "
                + TOOLS
                + "}");
    assertThat(text(answer)).isNotBlank();
  }

  @Test
  void aFormatIsKept() throws Exception {
    JsonNode response =
        demo.answer(
            RESPONSES,
            """
            {"input": "Alice, 3 years", "temperature": 0, "max_output_tokens": 300, "text": {"format": {
              "type": "json_schema", "name": "person", "strict": true, "schema": {"type": "object",
                "properties": {"name": {"type": "string", "maxLength": 10}, "age": {"type": "integer"}},
                "required": ["name", "age"], "additionalProperties": false}}}}
            """);
    assertThat(response.path("status").asText()).isEqualTo("completed");
    assertThat(JSON.readTree(text(response)).path("age").isInt()).isTrue();
  }

  @Test
  void anInputThatIsTooLongIsRefusedOrTruncated() throws Exception {
    String body =
        """
        {"input": "%s", "max_output_tokens": 4, "truncation": "%s"}\
        """;
    String words = "word ".repeat(6000);
    JsonNode error = JSON.readTree(demo.post(RESPONSES, body.formatted(words, "disabled")).body()).path("error");
    assertThat(error.path("code").asText()).isEqualTo("context_length_exceeded");
    assertThat(error.path("param").asText()).isEqualTo("input");
    JsonNode response = demo.answer(RESPONSES, body.formatted(words, "auto"));
    assertThat(response.path("usage").path("output_tokens").asInt()).isEqualTo(4);
    assertThat(response.path("usage").path("discarded_tokens").asInt()).isPositive();
  }

  @Test
  void noOutputTokensComputeTheInputOnly() throws Exception {
    JsonNode response =
        demo.answer(
            RESPONSES,
            """
            {"input": "Hi", "max_output_tokens": 0}\
            """);
    assertThat(response.path("status").asText()).isEqualTo("incomplete");
    assertThat(text(response)).isEmpty();
    assertThat(response.path("usage").path("input_tokens").asInt()).isPositive();
  }
}
