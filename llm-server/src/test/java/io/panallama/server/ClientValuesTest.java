package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.Tool;
import io.panallama.request.ChatRequest;
import io.panallama.request.ResponseFormat;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values that clients send and JSON allows: nulls in lists, numbers beyond a double, deep nesting. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClientValuesTest {
  private static final String USER = "\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]";

  private final ScriptedGenerator generator = ScriptedGenerator.answering("x");
  private final TestServer server = TestServer.start(generator);

  @AfterAll
  void stop() {
    server.close();
  }

  private static String withUser(String body) {
    return "{" + body.replace("USER", USER) + "}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | USER, "stop": ["a", null, "", "b"]
          /v1/completions      | "prompt": "x", "stop": [null, "a", "b"]
          /completion          | "prompt": "x", "stop": ["a", "b", null]
          /infill              | "input_prefix": "x", "input_suffix": "y", "stop": ["a", null, "b"]
          /v1/responses        | "input": "x", "stop": ["a", null, "b"]
          /v1/messages         | USER, "stop_sequences": ["a", null, "b"]
          /api/chat            | USER, "options": {"stop": ["a", null, "b"]}
          """)
  void nullsInAListCountAsAbsent(String path, String body) throws InterruptedException {
    while (generator.startedMore()) {
      generator.next();
    }
    HttpResponse<String> response = server.post(path, withUser(body));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Panallama-Ignored")).isEmpty();
    assertThat(generator.next().request().options().stops()).containsExactly("a", "b");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | USER, "stop": ["a", 5]                                        | stop[1]
          /v1/chat/completions | USER, "stop": ["a", {}]                                       | stop[1]
          /v1/messages         | USER, "stop_sequences": [null, 5]                             | stop_sequences[1]
          /api/chat            | USER, "options": {"stop": [[], null]}                         | options.stop[0]
          /v1/chat/completions | USER, "temperature": 1e999                                    | temperature
          /v1/chat/completions | USER, "seed": -1e999                                          | seed
          /v1/chat/completions | USER, "x": {"y": [0, {"z": 1e400}]}                           | x.y[1].z
          /v1/chat/completions | USER, "x": {"y": [0, {"z": 1e30000000000000}]}                | x.y[1].z
          /v1/chat/completions | USER, "chat_template_kwargs": {"a": [1, 1e999]}               | chat_template_kwargs.a[1]
          /api/chat            | USER, "tools": [{"function": {"name": "f", "parameters": {"maximum": 1e999}}}] | tools[0].function.parameters.maximum
          /api/chat            | USER, "options": {"temperature": 1e999}                       | options.temperature
          /v1/messages         | "messages": [{"role": "assistant", "content": [{"type": "tool_use", "name": "f", "id": "i", "input": {"a": 1e999}}]}] | messages[0].content[0].input.a
          /v1/responses        | "input": "x", "metadata": {"a": 1e999}                        | metadata.a
          """)
  void whatCantBeReadIsNamed(String path, String body, String field) {
    HttpResponse<String> response = server.post(path, withUser(body));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(response.body()).contains(field).doesNotContain("nfinity");
    if (path.equals("/v1/chat/completions")) {
      assertThat(TestServer.error(response).path("param").asText()).isEqualTo(field);
    }
  }

  @Test
  void aNumberOfManyDigitsIsNamedToo() {
    HttpResponse<String> response = server.post(TestServer.CHAT, withUser("USER, \"x\": [" + "9".repeat(400) + "]"));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(response).path("param").asText()).isEqualTo("x[0]");
  }

  /** Some clients write a truth value as a text. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | USER, "tools": [{"type": "function", "function": {"name": "f", "strict": S}}]
          /v1/chat/completions | USER, "functions": [{"name": "f", "strict": S}]
          /v1/responses        | "input": "x", "tools": [{"type": "function", "name": "f", "strict": S}]
          /v1/messages         | USER, "tools": [{"name": "f", "strict": S}]
          /api/chat            | USER, "tools": [{"type": "function", "function": {"name": "f", "strict": S}}]
          /v1/chat/completions | USER, "response_format": {"type": "json_schema", "json_schema": {"schema": {}, "strict": S}}
          /v1/responses        | "input": "x", "text": {"format": {"type": "json_schema", "schema": {}, "strict": S}}
          """)
  void strictMayBeAText(String path, String body) throws InterruptedException {
    for (String value : List.of("true", "false", "\"true\"", "\"false\"")) {
      while (generator.startedMore()) {
        generator.next();
      }
      HttpResponse<String> response = server.post(path, withUser(body.replace("S}", value + "}")));
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      ChatRequest request = (ChatRequest) generator.next().request();
      boolean strict =
          request.options().format() instanceof ResponseFormat.JsonSchema schema
              ? schema.strict()
              : request.tools().list().getFirst().strict();
      assertThat(strict).as(value).isEqualTo(value.contains("true"));
    }
    HttpResponse<String> response = server.post(path, withUser(body.replace("S}", "\"yes\"}")));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("strict must be true or false, but it is a string");
  }

  /** As in llama-server's README, in OpenAI's API, and as a bare field. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "response_format": {"type": "json_schema", "schema": {"type": "string", "uniqueItems": 5}}   | false | response_format.schema.uniqueItems
          "response_format": {"type": "json_schema", "strict": true, "schema": {"type": "string"}}     | true  |
          "response_format": {"type": "json_object", "schema": {"type": "string", "uniqueItems": 5}}   | false | response_format.schema.uniqueItems
          "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "string"}}}    | false |
          "json_schema": {"type": "string"}                                                            | false |
          """)
  void aSchemaMayStandInTheFormatItself(String format, boolean strict, String ignored) throws InterruptedException {
    for (String path : List.of("/v1/chat/completions", "/v1/completions")) {
      while (generator.startedMore()) {
        generator.next();
      }
      String start = path.equals("/v1/completions") ? "\"prompt\": \"x\", " : "USER, ";
      HttpResponse<String> response = server.post(path, withUser(start + format));
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      assertThat(response.headers().firstValue("Panallama-Ignored").orElse(null)).isEqualTo(ignored);
      assertThat(generator.next().request().options().format())
          .isInstanceOfSatisfying(
              ResponseFormat.JsonSchema.class,
              schema -> {
                assertThat(schema.schema()).contains("\"type\":\"string\"");
                assertThat(schema.strict()).isEqualTo(strict);
              });
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | USER, "tools": [{"type": "web_search"}, {"type": "function", "function": {"name": "f"}}] | tools[0].type
          /v1/chat/completions | USER, "tools": [{"type": "custom", "custom": {"name": "c"}}, {"function": {"name": "f"}}] | tools[0].type
          /v1/responses        | "input": "x", "tools": [{"type": "web_search"}, {"type": "function", "name": "f"}]       | tools[0]
          /v1/messages         | USER, "tools": [{"type": "web_search_20250305", "name": "web_search"}, {"name": "f"}]    | tools[0].type
          """)
  void toolsThatAreNoFunctionsAreIgnoredAndNamed(String path, String body, String ignored) throws InterruptedException {
    while (generator.startedMore()) {
      generator.next();
    }
    HttpResponse<String> response = server.post(path, withUser(body));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Panallama-Ignored")).contains(ignored);
    ChatRequest request = (ChatRequest) generator.next().request();
    assertThat(request.tools().list()).extracting(Tool::name).containsExactly("f");
  }

  /** A tool's name alone is no choice in any API: the form of one is shown. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | USER, "tool_choice": "f", "tools": [{"function": {"name": "f"}}]          | tool_choice   | "required" or one of the tools, as {"type": "function", "function": {"name": "f"}}.
          /v1/chat/completions | USER, "tool_choice": "g", "tools": [{"function": {"name": "f"}}]          | tool_choice   | "required" or one of the tools.
          /v1/chat/completions | USER, "function_call": "f", "functions": [{"name": "f"}]                  | function_call | one of the functions, as {"name": "f"}.
          /v1/responses        | "input": "x", "tool_choice": "f", "tools": [{"type": "function", "name": "f"}] | tool_choice | one of the tools, as {"type": "function", "name": "f"}.
          """)
  void aToolChosenByItsNameAloneIsShownTheForm(String path, String body, String param, String message) {
    assertRefused(server.post(path, withUser(body)), param, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          []                                                     | input is empty; a text or at least one item is needed.
          [{"type": "computer_call"}, {"type": "mcp_call"}]      | input has only items that are left out
          """)
  void anInputThatSaysNothingHasItsReason(String input, String message) {
    assertRefused(server.post("/v1/responses", "{\"input\": " + input + "}"), "input", message);
  }

  @Test
  void responsesAreNotCompacted() {
    HttpResponse<String> response = server.post("/v1/responses/compact", "{\"input\": \"x\"}");
    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(TestServer.error(response).path("message").asText()).contains("has no /v1/responses/compact");
  }

  @Test
  void aToolsIndexIsThatInTheBody() {
    String function = "{\"function\": {\"name\": \"f\"}}";
    HttpResponse<String> response =
        server.post(
            TestServer.CHAT,
            withUser("USER, \"tools\": [" + function + ", {\"type\": \"web_search\"}, " + function + "]"));
    assertRefused(response, "tools[2].function.name", "the name of another tool, tools[0].function.name");
  }

  private static String nested(int levels) {
    return "[".repeat(levels) + "]".repeat(levels);
  }

  /** A field that is ignored, so that only the reader of the body sees it. */
  @ParameterizedTest
  @CsvSource({"/v1/chat/completions", "/v1/responses", "/v1/messages", "/api/chat"})
  void bodiesMayNestDeeplyButNotForEver(String path) {
    String start = path.equals("/v1/responses") ? "\"input\": \"x\"" : "USER";
    HttpResponse<String> deep = server.post(path, withUser(start + ", \"x\": " + nested(511)));
    assertThat(deep.statusCode()).as(deep.body()).isEqualTo(200);
    for (int levels : new int[] {512, 10_000, 1_000_000}) {
      long begun = System.nanoTime();
      HttpResponse<String> tooDeep = server.post(path, withUser(start + ", \"x\": " + nested(levels)));
      assertThat(tooDeep.statusCode()).isEqualTo(400);
      assertThat(tooDeep.body()).contains("512").doesNotContain("Jackson").doesNotContain("Stream");
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
    }
  }

  @Test
  void metadataOfAResponseHasOpenAisBounds() {
    StringBuilder most = new StringBuilder("\"k\": \"" + "é".repeat(512) + "\"");
    for (int i = 0; i < 14; i++) {
      most.append(", \"").append(i).append("\": \"\"");
    }
    most.append(", \"").append("x".repeat(64)).append("\": \"\"");
    HttpResponse<String> response = respond(most.toString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertRefused(respond(most + ", \"one more\": \"\""), "metadata", "at most 16");
    assertRefused(respond("\"k\": \"" + "x".repeat(513) + "\""), "metadata.k", "at most 512");
    assertRefused(respond("\"" + "x".repeat(65) + "\": \"\""), "metadata." + "x".repeat(24) + "...", "at most 64");
    assertRefused(respond("\"k\": 5"), "metadata.k", "must be a string");
    assertThat(respond("\"k\": null").statusCode()).isEqualTo(200);
  }

  private HttpResponse<String> respond(String metadata) {
    return server.post("/v1/responses", "{\"input\": \"x\", \"metadata\": {" + metadata + "}}");
  }

  private static void assertRefused(HttpResponse<String> response, String param, String message) {
    assertThat(response.statusCode()).isEqualTo(400);
    JsonNode error = TestServer.error(response);
    assertThat(error.path("param").asText()).isEqualTo(param);
    assertThat(error.path("message").asText()).contains(message);
  }
}
