package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.request.ResponseFormat;
import io.panallama.server.dialect.Ignored;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** vLLM's fields for the format of an answer. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GuidedFieldsTest {
  private static final String TOOLS = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]";

  private final ScriptedGenerator generator = ScriptedGenerator.answering("ok");
  private final TestServer server = TestServer.start(generator);

  @AfterAll
  void stop() {
    server.close();
  }

  private HttpResponse<String> chat(String fields) {
    return server.post(CHAT, "{" + fields.replace("TOOLS", TOOLS) + ", " + HELLO.substring(1));
  }

  private ResponseFormat format(HttpResponse<String> response, String ignored) throws InterruptedException {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue(Ignored.HEADER).orElse("")).isEqualTo(ignored == null ? "" : ignored);
    return generator.next().request().options().format();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "guided_json": {"type": "null"}                          | {"type":"null"} |
          "guided_json": "{\\"type\\": \\"null\\"}"                | {"type":"null"} |
          "guided_json": {"type": "null", "not": {}}               | {"type":"null","not":{}} | guided_json.not
          "structured_outputs": {"json": {"type": "null"}}         | {"type":"null"} |
          "structured_outputs": {"json": "{\\"not\\": {}}"}        | {"not":{}} | structured_outputs.json.not
          "structured_outputs": {"json": {"type": "null"}, "whitespace_pattern": " "} | {"type":"null"} | structured_outputs.whitespace_pattern
          """)
  void aSchemaIsKept(String fields, String schema, String ignored) throws Exception {
    ResponseFormat expected = new ResponseFormat.JsonSchema(schema, false);
    assertThat(format(chat(fields), ignored)).isEqualTo(expected);
    HttpResponse<String> completion = server.post("/v1/completions", "{\"prompt\": \"x\", " + fields + "}");
    assertThat(format(completion, ignored)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '~',
      textBlock =
          """
          "guided_choice": ["a", "b \\"c\\""]                    => root ::= "a" | "b \\"c\\""
          "structured_outputs": {"choice": ["a"], "regex": null} => root ::= "a"
          "guided_regex": "^a[0-9]{2}$"                          => root ::= "a"[0-9]{2}
          "structured_outputs": {"regex": "a"}                   => root ::= "a"
          "guided_grammar": "root ::= [a]"                       => root ::= [a]
          "structured_outputs": {"grammar": "root ::= [a]"}      => root ::= [a]
          """)
  void aTextIsKept(String fields, String grammar) throws Exception {
    ResponseFormat expected = new ResponseFormat.Gbnf(grammar);
    assertThat(format(chat(fields), "")).isEqualTo(expected);
    assertThat(format(chat(fields + ", TOOLS, \"tool_choice\": \"none\""), "")).isEqualTo(expected);
    assertThat(format(server.post("/v1/completions", "{\"prompt\": \"x\", " + fields + "}"), "")).isEqualTo(expected);
  }

  @Test
  void anObjectOfAnyShapeIsKept() throws Exception {
    for (String fields : List.of("\"guided_json_object\": true", "\"structured_outputs\": {\"json_object\": true}")) {
      assertThat(format(chat(fields), "")).isEqualTo(new ResponseFormat.JsonObject());
    }
  }

  @Test
  void fieldsThatSayNothingAreNone() throws Exception {
    String nothing =
        "\"guided_json\": null, \"guided_regex\": \"\", \"guided_grammar\": \"\", \"structured_outputs\": {}";
    assertThat(format(chat(nothing), "")).isEqualTo(new ResponseFormat.Text());
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '~',
      textBlock =
          """
          "guided_json": {}, "guided_choice": ["a"]                     | guided_choice             | guided_choice and guided_json exclude each other; give one of them.
          "guided_regex": "a", "structured_outputs": {"choice": ["a"]}  | structured_outputs.choice | structured_outputs.choice and guided_regex exclude
          "structured_outputs": {"choice": ["a"], "grammar": "b"}       | structured_outputs.grammar | structured_outputs.grammar and structured_outputs.choice exclude
          "response_format": {"type": "json_object"}, "guided_json": {} | guided_json               | guided_json and response_format exclude
          "json_schema": {}, "guided_regex": "a"                        | guided_regex              | guided_regex and json_schema exclude
          "grammar": "root ::= [a]", "guided_choice": ["a"]             | grammar                   | combined with guided_choice
          "guided_choice": ["a"], TOOLS                                 | guided_choice             | guided_choice of a grammar leaves no room for tool calls
          "guided_choice": []                                           | guided_choice             | guided_choice is empty; give it one text at least.
          "guided_choice": ["a", 5]                                     | guided_choice[1]          | must be a string
          "guided_choice": "a"                                          | guided_choice             | an array of strings
          "guided_regex": "a(?=b)"                                      | guided_regex              | guided_regex can't be enforced, because it has a group that begins with (?
          "structured_outputs": {"regex": "(a)\\\\1"}                   | structured_outputs.regex  | it has a back reference at index 3
          "guided_json": "x"                                            | guided_json               | must be a JSON schema, or a text with one
          "guided_json": 5                                              | guided_json               | must be a JSON schema
          "guided_json": {"type": "glory"}                              | guided_json.type          | must be one of
          "structured_outputs": 5                                       | structured_outputs        | must be an object
          """)
  void whatCantBeKeptIsNamed(String fields, String param, String message) {
    HttpResponse<String> response = chat(fields);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(TestServer.error(response).path("param").asText()).isEqualTo(param);
    assertThat(TestServer.error(response).path("message").asText()).contains(message);
  }

  @Test
  void aStrictServerTakesThemToo() {
    ServerConfig strict = TestServer.config().toBuilder().strictFields(true).build();
    try (TestServer other = TestServer.start(strict, ScriptedGenerator.answering("ok"))) {
      for (String fields : List.of("\"guided_choice\": [\"a\"]", "\"structured_outputs\": {\"regex\": \"a\"}")) {
        HttpResponse<String> response = other.post(CHAT, "{" + fields + ", " + HELLO.substring(1));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      }
      HttpResponse<String> unknown =
          other.post(CHAT, "{\"structured_outputs\": {\"structural_tag\": \"a\"}, " + HELLO.substring(1));
      assertThat(unknown.statusCode()).isEqualTo(400);
      assertThat(TestServer.error(unknown).path("param").asText()).isEqualTo("structured_outputs.structural_tag");
    }
  }
}
