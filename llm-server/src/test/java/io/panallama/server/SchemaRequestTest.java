package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.server.dialect.Ignored;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Schemas and tools as clients send them, against the demo model. */
@Timeout(300)
class SchemaRequestTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String GET_WEATHER =
      """
      {"type": "function", "function": {"name": "get_weather", "description": "Get the weather", "parameters":
        {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]}}}\
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

  private static HttpResponse<String> post(String fields) throws Exception {
    return demo.post(CHAT, "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], " + fields + "}");
  }

  private static JsonNode choice(HttpResponse<String> response) throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body()).at("/choices/0");
  }

  private static String tool(String name, String schema, String more) {
    return "{\"type\": \"function\", \"function\": {\"name\": \"%s\", \"parameters\": %s%s}}"
        .formatted(name, schema, more);
  }

  private static String object(String property) {
    return "{\"type\": \"object\", \"properties\": {\"x\": " + property + "}, \"required\": [\"x\"]}";
  }

  @Test
  void aRequiredCallComesFirst() throws Exception {
    for (int seed = 0; seed < 6; seed++) {
      String sampling = seed == 0 ? "\"temperature\": 0" : "\"temperature\": 1, \"seed\": " + seed;
      for (String wanted :
          List.of("\"required\"", "{\"type\": \"function\", \"function\": {\"name\": \"get_weather\"}}")) {
        JsonNode choice = choice(post(sampling + ", \"tools\": [" + GET_WEATHER + "], \"tool_choice\": " + wanted));
        assertThat(choice.path("finish_reason").asText()).as(choice.toString()).isEqualTo("tool_calls");
        assertThat(choice.at("/message/content").asText("")).isEmpty();
        assertThat(choice.at("/message/tool_calls/0/function/name").asText()).isEqualTo("get_weather");
      }
    }
  }

  @Test
  void withToolsAndAFormatTheAnswerIsACallOrInTheFormat() throws Exception {
    String format =
        """
        "response_format": {"type": "json_schema", "json_schema": {"name": "mood", "strict": true, "schema":
          {"type": "object", "properties": {"mood": {"enum": ["HAPPY", "SAD"]}}, "required": ["mood"]}}}\
        """;
    int calls = 0;
    int texts = 0;
    for (int seed = 0; seed < 12; seed++) {
      String kept = seed % 2 == 0 ? "" : ", \"bad_words\": [\"<tool_call>\"]";
      JsonNode choice =
          choice(
              post("\"tools\": [" + GET_WEATHER + "], \"temperature\": 1, \"seed\": " + seed + ", " + format + kept));
      if (choice.path("finish_reason").asText().equals("tool_calls")) {
        assertThat(choice.at("/message/content").asText("")).isEmpty();
        calls++;
      } else {
        assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
        assertThat(JSON.readTree(choice.at("/message/content").asText()).path("mood").asText()).isIn("HAPPY", "SAD");
        texts++;
      }
    }
    assertThat(calls).as("calls").isPositive();
    assertThat(texts).as("texts").isPositive();
  }

  /** Neither a code fence nor white space in front, which no client would see. */
  @Test
  void theTokensOfAnAnswerInAFormatAreItsJson() throws Exception {
    String format =
        """
        "logprobs": true, "temperature": 2, "response_format": {"type": "json_schema", "json_schema": {"name": "n",
          "strict": true, "schema": {"type": "integer", "minimum": 5, "maximum": 7}}}, "max_tokens": 2, "seed": \
        """;
    for (int seed = 1; seed < 12; seed++) {
      JsonNode choice = choice(post(format + seed));
      StringBuilder tokens = new StringBuilder();
      choice.at("/logprobs/content").forEach(token -> tokens.append(token.path("token").asText()));
      assertThat(choice.at("/message/content").asText()).isIn("5", "6", "7").isEqualTo(tokens.toString().strip());
    }
  }

  /** What is ignored is named below the field {@code x}. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '~',
      textBlock =
          """
          {"type": ["string", "null"], "enum": ["HAPPY", "SAD"]}             =>
          {"type": "object", "properties": {"a": {"$ref": "#"}}}             =>
          {"$ref": "#/properties/x"}                                         => .$ref
          {"type": "number", "minimum": 0, "maximum": 1}                     =>
          {"type": "number", "minimum": 0, "exclusiveMinimum": true}         =>
          {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5}       => .multipleOf
          {"type": "object", "propertyNames": {"type": "string"}}            =>
          {"type": "string", "unit": "m", "x-a": 1, "enumNames": ["b"], "nullable": true} =>
          {"type": "array", "items": [{"type": "null"}], "additionalItems": false} =>
          {"type": "string", "pattern": "[a-z]+"}                            =>
          {"type": "string", "maxLength": 65536}                             =>
          {"type": "array", "items": {"type": "string"}, "maxItems": 5000}   => .maxItems
          true                                                               =>
          {"type": "integer", "maximum": 9223372036854775807}                =>
          {"type": "integer", "minimum": -9223372036854775808}               =>
          {"type": "integer", "maximum": 340282366920938463463374607431768211455} =>
          {"type": "date"}                                                   => .type
          {"type": "string", "glory": true}                                  => .glory
          {}                                                                 =>
          {"const": {"a": [1]}}                                              =>
          {"allOf": [{"type": "string"}, {"maxLength": 3}]}                  =>
          {"not": {"type": "string"}}                                        => .not
          {"type": "string", "if": {"maxLength": 3}, "then": {}}             => .if .then
          {"type": "object", "patternProperties": {"^a": {"type": "null"}}}  => .patternProperties
          {"type": "string", "format": "email", "contentEncoding": "base64", "$comment": "c"} =>
          {"anyOf": [{"type": "string", "glory": 1}, {"type": "null"}]}      => .anyOf[0].glory
          {"type": "string", "format": "date", "maxLength": 40}              =>
          {"type": "string", "format": "date", "pattern": "^2"}              => .format
          {"type": "string", "format": "date", "maxLength": 5}               => .format
          {"type": "string", "pattern": "^\\\\p{L}+[\\\\x41-\\\\u00ff\\\\t]*(?P<n>\\\\d)$"} =>
          {"type": "string", "pattern": "^a$b"}                              => .pattern
          {"enum": [1e-400, 12345678901234567890123]}                        =>
          5                                                                  => ~~
          """)
  void aSchemaThatIsNotStrictWorks(String schema, String ignored) throws Exception {
    String names = ignored == null ? "" : ignored;
    String limits = "\"temperature\": 0, \"max_tokens\": 30, ";
    HttpResponse<String> tool =
        post(limits + "\"tool_choice\": \"required\", \"tools\": [" + tool("f", object(schema), "") + "]");
    assertThat(tool.statusCode()).as(tool.body()).isEqualTo(200);
    assertNamed(tool, "tools[0].function.parameters.properties.x", names, schema);
    HttpResponse<String> format =
        post(
            limits
                + "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"n\", \"schema\": "
                + object(schema)
                + "}}");
    assertThat(format.statusCode()).as(format.body()).isEqualTo(200);
    assertNamed(format, "response_format.json_schema.schema.properties.x", names, schema);
    HttpResponse<String> bare = post(limits + "\"json_schema\": " + object(schema));
    assertThat(bare.statusCode()).as(bare.body()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "response_format": {"type": "json_object", "schema": S}                       | response_format.schema
          "response_format": {"type": "json_schema", "json_schema": {"schema": S}}      | response_format.json_schema.schema
          "json_schema": S                                                              | json_schema
          """)
  void aFormatMustHaveASchemaWithATypeThatIsOne(String field, String path) throws Exception {
    for (String schema : List.of("123", "\"object\"", "[]", "false")) {
      HttpResponse<String> refused = post(field.replace("S", schema));
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
      assertThat(TestServer.error(refused).path("param").asText()).isEqualTo(path);
    }
    for (String type : List.of("123", "\"hiccup\"", "[]", "[7]", "{}", "true")) {
      HttpResponse<String> refused = post(field.replace("S", "{\"type\": " + type + "}"));
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
      assertThat(TestServer.error(refused).path("param").asText()).isEqualTo(path + ".type");
      assertThat(TestServer.error(refused).path("message").asText()).contains("object, array, string, number");
    }
    HttpResponse<String> half =
        post("\"max_tokens\": 30, " + field.replace("S", "{\"type\": [\"string\", \"hiccup\"]}"));
    assertThat(half.statusCode()).as(half.body()).isEqualTo(200);
  }

  private static void assertNamed(HttpResponse<String> response, String path, String names, String schema) {
    List<String> expected =
        schema.equals("5")
            ? List.of(path)
            : names.isEmpty() ? List.of() : List.of(names.split(" ")).stream().map(path::concat).toList();
    String header = response.headers().firstValue(Ignored.HEADER).orElse("");
    assertThat(header.isEmpty() ? List.of() : List.of(header.split(", "))).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"not\": {}}", "{\"type\": \"array\", \"maxItems\": 5000}", "{\"type\": \"date\"}", "5"})
  void aStrictSchemaIsRefusedWithThePlace(String schema) throws Exception {
    HttpResponse<String> tool = post("\"tools\": [" + tool("f", object(schema), ", \"strict\": true") + "]");
    assertThat(tool.statusCode()).as(tool.body()).isEqualTo(400);
    JsonNode error = JSON.readTree(tool.body()).path("error");
    boolean none = schema.equals("5");
    assertThat(error.path("message").asText()).contains(none ? "parameters.properties.x: a schema" : "#/properties/x");
    assertThat(error.path("param").asText()).isEqualTo("tools[0].function.parameters" + (none ? ".properties.x" : ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\": \"string\"}",
        "{\"enum\": [1]}",
        "{\"const\": []}",
        "{\"type\": \"array\", \"items\": {}}",
        "{\"anyOf\": [{\"type\": \"null\"}, {\"$ref\": \"#/$defs/a\"}], \"$defs\": {\"a\": {\"minLength\": 3}}}"
      })
  void argumentsAreAnObjectWhateverTheirSchemaSays(String schema) throws Exception {
    String required = "\"temperature\": 0, \"max_tokens\": 60, \"tool_choice\": \"required\", ";
    HttpResponse<String> strict = post(required + "\"tools\": [" + tool("f", schema, ", \"strict\": true") + "]");
    assertThat(strict.statusCode()).as(strict.body()).isEqualTo(400);
    JsonNode error = JSON.readTree(strict.body()).path("error");
    assertThat(error.path("message").asText()).contains("at #: the arguments of a call are an object");
    assertThat(error.path("param").asText()).isEqualTo("tools[0].function.parameters");
    HttpResponse<String> loose = post(required + "\"tools\": [" + tool("f", schema, "") + "]");
    assertThat(choice(loose).path("finish_reason").asText()).isEqualTo("tool_calls");
    assertNamed(loose, "tools[0].function.parameters", "", "5");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/chat/completions", "/v1/completions", "/completion"})
  void whatTheCoreRefusesOfAFormatIsNamedAsTheBodyHasIt(String path) throws Exception {
    String schema = "{\"type\": \"object\", \"not\": {}}";
    String prompt =
        path.contains("chat") ? "\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]" : "\"prompt\": \"x\"";
    String format =
        "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"strict\": true, \"schema\": "
            + schema
            + "}}";
    HttpResponse<String> refused = demo.post(path, "{" + prompt + ", " + format + "}");
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    assertThat(JSON.readTree(refused.body()).at("/error/param").asText()).isEqualTo("response_format");
    assertThat(JSON.readTree(refused.body()).at("/error/message").asText()).startsWith("response_format ");
  }

  /** llama.cpp's rule of an optional property names all that may follow. */
  @Test
  void aSchemaWhoseGrammarIsTooLargeIsRefusedWithTheReason() throws Exception {
    // The names of rules hold those of all objects around them.
    String open = "{\"type\": \"object\", \"properties\": {\"" + "x".repeat(500) + "\": ";
    String schema = open.repeat(60) + "{\"type\": \"null\"}" + "}}".repeat(60);
    HttpResponse<String> response = post("\"json_schema\": " + schema);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(JSON.readTree(response.body()).at("/error/message").asText())
        .startsWith("The grammar of json_schema was refused")
        .contains("larger than 1 MiB; it is made from the schemas");
    assertThat(JSON.readTree(response.body()).at("/error/param").asText()).isEqualTo("json_schema");
  }

  @Test
  void ofASchemaOnlyTheObjectsAreArguments() throws Exception {
    String schema = "{\"enum\": [1, {\"x\": \"y\"}, null]}";
    HttpResponse<String> response =
        post(
            "\"temperature\": 0, \"max_tokens\": 60, \"tool_choice\": \"required\", \"tools\": ["
                + tool("f", schema, ", \"strict\": true")
                + "]");
    String arguments = choice(response).at("/message/tool_calls/0/function/arguments").asText();
    assertThat(JSON.readTree(arguments)).isEqualTo(JSON.readTree("{\"x\": \"y\"}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ", \"parameters\": null", ", \"parameters\": {}"})
  void aToolNeedsNoParameters(String parameters) throws Exception {
    String tool = "{\"type\": \"function\", \"function\": {\"name\": \"f\"" + parameters + "}}";
    JsonNode choice =
        choice(
            post("\"temperature\": 0, \"max_tokens\": 100, \"tool_choice\": \"required\", \"tools\": [" + tool + "]"));
    assertThat(choice.at("/message/tool_calls/0/function/arguments").asText()).isEqualTo("{}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"call", "mcp/server:get.it-now_1", "tool-calls", "space", "root"})
  void aToolKeepsItsName(String name) throws Exception {
    String tools = tool(name, object("{\"const\": 1}"), "") + "," + tool(name + "_2", object("{\"const\": 2}"), "");
    JsonNode choice =
        choice(
            post(
                "\"temperature\": 0, \"max_tokens\": 100, \"tools\": [%s], \"tool_choice\": {\"type\": \"function\","
                        .formatted(tools)
                    + " \"function\": {\"name\": \""
                    + name
                    + "\"}}"));
    assertThat(choice.at("/message/tool_calls/0/function/name").asText()).as(choice.toString()).isEqualTo(name);
    assertThat(JSON.readTree(choice.at("/message/tool_calls/0/function/arguments").asText()).path("x").asInt())
        .isEqualTo(1);
  }

  /** A double would hold 1.2345678901234568e+22, 0 and 0.12345678901234568. */
  @ParameterizedTest
  @ValueSource(
      strings = {"12345678901234567890123", "1E-400", "0.12345678901234567890123", "18446744073709551616", "1.50"})
  void aNumberOfASchemaIsTheAnswersToTheLastDigit(String number) throws Exception {
    String schema = object("{\"const\": " + number + "}");
    String sampling = "\"temperature\": 0, \"max_tokens\": 100, ";
    JsonNode answer =
        choice(
            post(
                sampling
                    + "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"strict\": true, \"schema\":"
                    + " "
                    + schema
                    + "}}"));
    assertThat(answer.at("/message/content").asText()).containsPattern("\"x\"\\s*:\\s*" + number + "\\s*}");
    JsonNode call =
        choice(
            post(
                sampling
                    + "\"tool_choice\": \"required\", \"tools\": ["
                    + tool("f", schema, ", \"strict\": true")
                    + "]"));
    assertThat(call.at("/message/tool_calls/0/function/arguments").asText())
        .containsPattern("\"x\"\\s*:\\s*" + number + "\\s*}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '~',
      value = {
        "{\"type\": \"string\", \"pattern\": \"^a^b$\"} => a ^ inside",
        "{\"type\": \"string\", \"pattern\": \"^(?=a)a$\"} => no look-around at index 1",
        "{\"type\": \"string\", \"pattern\": \"^[a-z]+\", \"format\": \"date\"} => format can't be enforced beside"
            + " a pattern that is not for the whole text",
        "{\"type\": \"string\", \"maxLength\": 5, \"format\": \"date\"} => format can't be enforced beside this",
        "{\"type\": []} => type must not be empty"
      })
  void whatAStrictSchemaCantHaveIsExplained(String schema, String why) throws Exception {
    HttpResponse<String> refused = post("\"tools\": [" + tool("f", object(schema), ", \"strict\": true") + "]");
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    assertThat(JSON.readTree(refused.body()).at("/error/message").asText()).contains("#/properties/x", why);
  }

  @Test
  void theFaultOfAFunctionIsNamedAsTheBodyHasIt() throws Exception {
    HttpResponse<String> refused =
        post("\"functions\": [{\"name\": \"f\", \"strict\": true, \"parameters\": " + object("{\"not\": {}}") + "}]");
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    assertThat(TestServer.error(refused).path("param").asText()).isEqualTo("functions[0].parameters");
    assertThat(TestServer.error(refused).path("message").asText()).startsWith("functions[0].parameters ");
  }

  @Test
  void theRangeOfTheNumberOfAnswersIsTheEngines() throws Exception {
    for (String n : List.of("-1", "0", "129")) {
      HttpResponse<String> refused = post("\"n\": " + n);
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
      assertThat(TestServer.error(refused).path("message").asText())
          .startsWith("n is " + n + "; it must be 1 to ")
          .contains("queue");
    }
  }

  @Test
  void anEmptyListOfTypesIsCalledSo() throws Exception {
    HttpResponse<String> refused = post("\"json_schema\": {\"type\": []}");
    assertThat(TestServer.error(refused).path("message").asText())
        .endsWith("or a list of them, but it is an empty list.");
    HttpResponse<String> other = post("\"json_schema\": {\"type\": [7]}");
    assertThat(TestServer.error(other).path("message").asText()).endsWith("but it is a list with none of them.");
  }

  @Test
  void aNameOf128CharactersIsOne() throws Exception {
    String name = "n".repeat(128);
    JsonNode choice =
        choice(
            post(
                "\"temperature\": 0, \"max_tokens\": 300, \"tool_choice\": \"required\", \"tools\": ["
                    + tool(name, object("{\"const\": 1}"), "")
                    + "]"));
    assertThat(choice.at("/message/tool_calls/0/function/name").asText()).isEqualTo(name);
  }

  @Test
  void moreThanAHundredToolsAreFine() throws Exception {
    String tools = String.join(",", IntStream.range(0, 135).mapToObj(i -> tool("t" + i, "{}", "")).toList());
    JsonNode choice =
        choice(
            post("\"temperature\": 0, \"max_tokens\": 60, \"tool_choice\": \"required\", \"tools\": [" + tools + "]"));
    assertThat(choice.at("/message/tool_calls/0/function/name").asText()).startsWith("t");
  }

  @Test
  void theSecondOfTwoToolsOfOneNameIsNamed() throws Exception {
    HttpResponse<String> response =
        post("\"tools\": [" + tool("a", "{}", "") + "," + tool("b", "{}", "") + "," + tool("a", "{}", "") + "]");
    assertThat(response.statusCode()).isEqualTo(400);
    JsonNode error = JSON.readTree(response.body()).path("error");
    assertThat(error.path("param").asText()).isEqualTo("tools[2].function.name");
    assertThat(error.path("message").asText()).contains("tools[0].function.name");
  }
}
