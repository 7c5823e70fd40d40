package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Schemas and values that nest deeply reach the native code, on the threads that prepare requests. */
@Timeout(300)
class DeepSchemaTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static DemoServer demo;

  @BeforeAll
  static void start() {
    demo = DemoServer.start(2, 2);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  /** An object with one property, which is such an object again; two levels of JSON for each. */
  private static String schema(int levels) {
    return "{\"type\": \"object\", \"properties\": {\"a\": ".repeat(levels)
        + "{\"type\": \"string\"}"
        + "}, \"required\": [\"a\"]}".repeat(levels);
  }

  private static String withSchema(String body, String schema) {
    String user = "\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]";
    return "{" + body.replace("USER", user).replace("SCHEMA", schema) + "}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | USER, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
          /v1/chat/completions | USER, "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]
          /v1/responses        | "input": "x", "text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}
          /v1/messages         | USER, "tools": [{"name": "f", "input_schema": SCHEMA}]
          /api/chat            | USER, "stream": false, "format": SCHEMA
          /completion          | "prompt": "x", "json_schema": SCHEMA
          """)
  void aSchemaIsKeptAsFarAsItCanBe(String path, String body) throws Exception {
    for (int levels : new int[] {31, 60, 100, 240}) {
      HttpResponse<String> response = demo.post(path, withSchema(body, schema(levels)));
      assertThat(response.statusCode()).as(path + " " + levels + " " + response.body()).isEqualTo(200);
      String ignored = response.headers().firstValue("Panallama-Ignored").orElse("");
      assertThat(ignored.contains("properties.a")).as(path + " " + levels + " " + ignored).isEqualTo(levels > 64);
    }
    HttpResponse<String> tooDeep = demo.post(path, withSchema(body, schema(260)));
    assertThat(tooDeep.statusCode()).isEqualTo(400);
    assertThat(tooDeep.body()).contains("512");
  }

  @Test
  void aStrictSchemaIsKeptWholeOrRefusedWithItsPlace() throws Exception {
    String body =
        """
        USER, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": SCHEMA}}\
        """;
    assertThat(demo.post(TestServer.CHAT, withSchema(body, schema(60))).statusCode()).isEqualTo(200);
    HttpResponse<String> refused = demo.post(TestServer.CHAT, withSchema(body, schema(100)));
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(refused).path("message").asText()).contains("/properties/a/", "deeper than 64");
  }

  @ParameterizedTest
  @CsvSource({"490", "600", "2000", "100000"})
  void argumentsOfAnEarlierCallMayBeAnything(int levels) throws Exception {
    assertThat(called("{\"a\": " + "[".repeat(levels) + "]".repeat(levels) + "}")).isEqualTo(200);
  }

  @Test
  void argumentsMayHoldNumbersThatNoDoubleCan() throws Exception {
    assertThat(called("{\"a\": 1e999}")).isEqualTo(200);
    assertThat(called("{\"a\": [-1e400]}")).isEqualTo(200);
    assertThat(called("{\"a\": 1e30000000000000}")).isEqualTo(200);
    assertThat(called("{\"a\": " + "9".repeat(400) + "}")).isEqualTo(200);
  }

  /** The status of a chat with a call that has these arguments; a 400 names them. */
  private static int called(String arguments) throws Exception {
    HttpResponse<String> response =
        demo.post(
            TestServer.CHAT,
            """
            {"messages": [{"role": "user", "content": "x"},
              {"role": "assistant", "tool_calls": [{"id": "c", "type": "function",
                "function": {"name": "f", "arguments": %s}}]},
              {"role": "tool", "tool_call_id": "c", "content": "y"}],
             "tools": [{"type": "function", "function": {"name": "f"}}]}\
            """
                .formatted(JSON.writeValueAsString(TextNode.valueOf(arguments))));
    if (response.statusCode() == 400) {
      // The tiny context of the model is no matter of nesting.
      String error = response.body();
      assertThat(error.contains("messages[1].tool_calls[0]") || error.contains("maximum context length"))
          .as(error)
          .isTrue();
      return 200;
    }
    return response.statusCode();
  }
}
