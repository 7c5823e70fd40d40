package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the model's own template does not take is a 400 that names the field which asks for it. */
class TemplateRefusalTest {
  private static final String USER = "{\"role\": \"user\", \"content\": \"Hi\"}";

  private static DemoServer demo;

  @BeforeAll
  static void start() {
    demo = DemoServer.start(1);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          U | "chat_template_kwargs": {"enable_thinking": "x"} | chat_template_kwargs | 'enable_thinking' is not true or false
          U | "chat_template_kwargs": {"tools": 5} | chat_template_kwargs | Expected iterable
          U | "continue_final_message": true | continue_final_message | continue_final_message goes on with the last message, which must be one of the assistant, but it is one of the role user.
          U | "continue_final_message": "content" | continue_final_message | must be one of the assistant
          U, {"role": "assistant", "content": "a", "reasoning_content": "b"} | "continue_final_message": "reasoning_content" | continue_final_message | has no place for reasoning
          U, {"role": "assistant", "reasoning_content": "b"} | "continue_final_message": true | continue_final_message | has no place for reasoning
          U, {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]} | "continue_final_message": true | continue_final_message | calls tools
          """)
  void theFieldIsNamed(String messages, String fields, String param, String message) throws Exception {
    for (String path : new String[] {CHAT, "/apply-template", CHAT + "/input_tokens"}) {
      HttpResponse<String> response =
          demo.post(path, "{\"messages\": [" + messages.replace("U", USER) + "], " + fields + ", \"max_tokens\": 1}");
      assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
      JsonNode error = new ObjectMapper().readTree(response.body()).path("error");
      assertThat(error.path("param").asText()).isEqualTo(param);
      assertThat(error.path("message").asText())
          .contains(message)
          .doesNotContain("parser generation")
          .doesNotContain("While executing");
    }
  }

  @Test
  void theNumberOfChoicesHasItsReason() throws Exception {
    HttpResponse<String> response = demo.post(CHAT, "{\"messages\": [" + USER + "], \"n\": 129}");
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("n is 129; it must be 1 to 65, which is what the engine's slots (1)");
  }

  @Test
  void theErrorsOfACountHaveTheShapeOfItsParent() throws Exception {
    for (String path : new String[] {CHAT, CHAT + "/input_tokens"}) {
      JsonNode error = new ObjectMapper().readTree(demo.post(path, "{}").body()).path("error");
      assertThat(error.path("code").isNull()).isTrue();
      assertThat(error.path("param").asText()).isEqualTo("messages");
    }
  }

  private static final String CHAT_TOOL =
      "\"messages\": [USER], \"tools\": [{\"type\": \"function\","
          + " \"function\": {\"name\": \"f\", S\"parameters\":"
          + " P}}]";

  private static final String RESPONSES_TOOL =
      "\"input\": \"Hi\", \"tools\": [{\"type\": \"function\"," + " \"name\": \"f\", S\"parameters\": P}]";

  private static final String MESSAGES_TOOL =
      "\"messages\": [USER], \"tools\": [{\"name\": \"f\", S\"input_schema\": P}]";

  /** What a client writes for an absent list or an empty object, which no template takes. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "required": null | required
          "required": true | required
          "properties": [] | properties
          "properties": null | properties
          "type": null | type
          "enum": null | enum
          "items": null | items
          "description": 5 | description
          "properties": {"a": {"type": "object", "properties": [], "required": null}} | properties.a.properties
          "properties": {"a": null} | properties.a
          """)
  void aKeywordOfTheWrongKindIsLeftOutAndNamed(String keyword, String place) throws Exception {
    String schema =
        keyword.contains("properties")
            ? "{\"type\": \"object\", " + keyword + "}"
            : keyword.contains("type")
                ? "{" + keyword + "}"
                : "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\"}}, " + keyword + "}";
    for (String path : List.of(CHAT, CHAT + "/input_tokens", "/apply-template", "/api/chat")) {
      assertNamed(path, CHAT_TOOL, schema, "tools[0].function.parameters." + place);
    }
    assertNamed("/v1/responses", RESPONSES_TOOL, schema, "tools[0].parameters." + place);
    for (String path : List.of("/v1/messages", "/v1/messages/count_tokens")) {
      assertNamed(path, MESSAGES_TOOL, schema, "tools[0].input_schema." + place);
    }
  }

  private static void assertNamed(String path, String body, String schema, String place) throws Exception {
    String limit =
        switch (path) {
          case "/v1/responses" -> "\"max_output_tokens\": 16";
          case "/api/chat" -> "\"options\": {\"num_predict\": 1}";
          case "/v1/messages/count_tokens" -> "\"model\": \"demo\"";
          default -> "\"max_tokens\": 1";
        };
    String common = "{" + limit + ", " + body.replace("USER", USER).replace("P}", schema + "}") + "}";
    HttpResponse<String> served = demo.post(path, common.replace("S\"", "\""));
    assertThat(served.statusCode()).as(path + served.body()).isEqualTo(200);
    assertThat(served.headers().firstValue("Panallama-Ignored").orElse("").split(", ")).as(path).contains(place);
    HttpResponse<String> refused = demo.post(path, common.replace("S\"", "\"strict\": \"true\", \""));
    assertThat(refused.statusCode()).as(path + refused.body()).isEqualTo(400);
    assertThat(refused.body()).as(path).contains(place + ": ").doesNotContain("template");
  }

  @Test
  void aNulInWhatACallHasToFollowIsNamed() throws Exception {
    String body =
        "{\"messages\": ["
            + USER
            + ", {\"role\": \"assistant\", \"content\": \"a\\u0000b\"}], \"max_tokens\": 1, \"tools\": [{\"function\":"
            + " {\"name\": \"f\"}}], \"tool_choice\": \"%s\"}";
    HttpResponse<String> refused = demo.post(CHAT, body.formatted("required"));
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    assertThat(TestServer.error(refused).path("param").asText()).isEqualTo("messages");
    assertThat(refused.body()).contains("has a NUL character. No grammar can have one");
    demo.answer(CHAT, body.formatted("auto"));
  }

  @Test
  void messagesThatSayNothingAreNamed() throws Exception {
    HttpResponse<String> refused =
        demo.post(CHAT, "{\"messages\": [{\"role\": \"assistant\", \"content\": null}], \"max_tokens\": 1}");
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    assertThat(TestServer.error(refused).path("param").asText()).isEqualTo("messages");
    assertThat(refused.body()).contains("messages say nothing: their prompt has no tokens");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "a"{99999999999999999999}      | it repeats something more than 2000 times; use a smaller number
          "a"{1,99999999999999999999}    | it repeats something more than 2000 times; use a smaller number
          <[99999999999999999999]>       | it names a token by a number that has too many digits
          """)
  void aGrammarsNumbersHaveTheirBoundInWords(String rule, String reason) throws Exception {
    String grammar = ("root ::= " + rule).replace("\"", "\\\"");
    HttpResponse<String> refused =
        demo.post(CHAT, "{\"messages\": [" + USER + "], \"max_tokens\": 1, \"grammar\": \"" + grammar + "\"}");
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    assertThat(TestServer.error(refused).path("param").asText()).isEqualTo("grammar");
    assertThat(refused.body()).contains(reason).doesNotContain("stoul");
  }

  @Test
  void aStrictFormatNamesThePartOfTheWrongKind() throws Exception {
    String schema = "{\"type\": \"object\", \"required\": null}";
    for (String format :
        List.of(
            "{\"type\": \"json_schema\", \"json_schema\": {\"strict\": true, \"schema\": " + schema + "}}",
            "{\"type\": \"json_schema\", \"strict\": true, \"schema\": " + schema + "}")) {
      HttpResponse<String> refused =
          demo.post(CHAT, "{\"messages\": [" + USER + "], \"response_format\": " + format + "}");
      String place = format.contains("{\"strict") ? "json_schema.schema.required" : "schema.required";
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(TestServer.error(refused).path("param").asText()).isEqualTo("response_format." + place);
      assertThat(refused.body()).contains("required must be an array of names");
    }
  }
}
