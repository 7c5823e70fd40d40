package io.panallama.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.Schemas;
import io.panallama.TestEngines;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.internal.schema.SchemaCheck;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Answers in a format, of a model that says anything. A validator of others decides what is valid.
 *
 * <p>{@code -Dpanallama.test.generations=1000} makes as many for each schema; a few by default.
 */
@Timeout(value = 3, unit = java.util.concurrent.TimeUnit.HOURS)
class ResponseFormatTest {
  private static final int GENERATIONS = Integer.getInteger("panallama.test.generations", 4);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonSchemaFactory VALIDATORS = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    TinySpec spec = TinySpec.defaults().withContextLength(2048);
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec));
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  static Set<String> names() {
    return Schemas.all().keySet();
  }

  private static GenerationOptions options(ResponseFormat format, int seed) {
    // Even the least likely token comes now and then, so every way through the grammar is taken.
    Sampling sampling = Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).build();
    return GenerationOptions.builder().sampling(sampling).format(format).maxTokens(1500).build();
  }

  @Test
  void thereAreTwentySchemas() {
    assertThat(names()).hasSizeGreaterThanOrEqualTo(20);
  }

  @ParameterizedTest
  @MethodSource("names")
  void whateverARandomModelSaysIsValid(String name) throws Exception {
    String schema = Schemas.all().get(name);
    JsonSchema validator = VALIDATORS.getSchema(schema);
    ResponseFormat format = new ResponseFormat.JsonSchema(schema);
    int whole = 0;
    for (int seed = 0; seed < GENERATIONS; seed++) {
      Completion answer =
          seed % 2 == 0
              ? engine.generate(ChatRequest.of("Say something").with(options(format, seed))).await()
              : engine.generate(CompletionRequest.of("Say: ").with(options(format, seed))).await();
      if (answer.reason() == FinishReason.STOP) {
        JsonNode value = JSON.readTree(answer.text());
        assertThat(validator.validate(value)).as("%s, seed %s: %s", name, seed, answer.text()).isEmpty();
        whole++;
      } else {
        assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
      }
    }
    assertThat(whole).as("answers that were not cut off").isGreaterThanOrEqualTo(GENERATIONS * 3 / 4);
  }

  @Test
  void anyObjectIsAnObject() throws Exception {
    GenerationOptions options = options(new ResponseFormat.JsonObject(), 5).toBuilder().maxTokens(1500).build();
    Completion answer = engine.generate(ChatRequest.of("Say something").with(options)).await();
    if (answer.reason() == FinishReason.STOP) {
      assertThat(JSON.readTree(answer.text()).isObject()).isTrue();
    }
    assertThat(answer.text().strip()).startsWith("{");
  }

  @Test
  void aGrammarHoldsForChatsAndCompletions() {
    ResponseFormat format = new ResponseFormat.Gbnf("root ::= (\"yes\" | \"no\")");
    assertThat(engine.generate(ChatRequest.of("?").with(options(format, 1))).await().text()).isIn("yes", "no");
    assertThat(engine.generate(CompletionRequest.of("?").with(options(format, 2))).await().text()).isIn("yes", "no");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{\"type\": \"strin\"} => #: the type must be one of",
        "{\"type\": \"object\", \"properties\": {\"a\": 5}} => format.properties.a: a schema must be an object",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"number\", \"multipleOf\": 3.5}}} =>"
            + " #/properties/a: multipleOf",
        "{\"type\": \"array\", \"items\": {\"type\": \"integer\", \"multipleOf\": 3}} => #/items: multipleOf",
        "{\"type\": \"array\", \"minItems\": 3, \"maxItems\": 2} => #: minItems is larger than maxItems",
        "{\"type\": \"array\", \"maxItems\": 1000000} => #: maxItems is 1000000",
        "{\"type\": \"string\", \"minLength\": 4294967297} => #: minLength is 4294967297; at most",
        "{\"type\": \"integer\", \"minimum\": 5, \"maximum\": 4} => #: no number is both",
        "{\"type\": \"integer\", \"minimum\": 1e300} => #: minimum has more than 40 digits",
        "{\"type\": \"string\", \"pattern\": \"^(?=a)b$\"} => a group that begins with (?",
        "{\"type\": \"string\", \"pattern\": \"^[$\"} => class",
        "{\"type\": \"string\", \"pattern\": \"^a{x}$\"} => begins no quantifier",
        "{\"type\": \"string\", \"pattern\": \"^a++$\"} => anything to repeat",
        "{\"type\": \"string\", \"pattern\": \"^a}$\"} => without a beginning",
        "{\"type\": \"string\", \"pattern\": \"^(a$\"} => at #",
        "{\"$ref\": \"#/$defs/missing\"} => cannot resolve $ref",
        "{\"$ref\": \"http://example.com/s.json\"} => only references into the same document",
        "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"$ref\": \"#/$defs/a\"}}} => left-recursive",
        "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"anyOf\": [{\"$ref\": \"#/$defs/r0\"}]}}} => cannot resolve"
            + " $ref #/$defs/r0",
        "{\"$ref\": \"#/$defs/a/b\", \"$defs\": {\"a\": {\"b\": {\"type\": \"number\", \"multipleOf\": 3.5}}}} =>"
            + " #/$defs/a/b: multipleOf",
        "{\"$ref\": \"#/default\", \"default\": {\"type\": \"array\", \"items\": {\"type\": \"x\"}}} =>"
            + " #/default/items: the type",
        "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"type\": \"array\", \"minItems\": 1, \"maxItems\": 0}}} =>"
            + " #/$defs/a: minItems",
        "{\"anyOf\": []} => must not be empty",
        "{\"anyOf\": [{\"type\": \"null\"}], \"minimum\": 1} => minimum can't be enforced beside anyOf",
        "{\"oneOf\": [{\"type\": \"integer\"}, {\"type\": \"number\"}]} => two of its schemas",
        "{\"enum\": []} => at #",
        "{\"type\": \"string\", \"enum\": [5]} => is not of the type string",
        "{\"type\": {\"a\": 1}, \"enum\": [5]} => format.type: type must be one of array, boolean, integer,"
            + " null, number, object and string, or a list of them",
        "{\"type\": [], \"const\": 5} => type must be one of array, boolean, integer, null, number, object and string,"
            + " or a",
        "{\"not\": {\"type\": \"null\"}} => not can't be enforced",
        "{\"type\": \"object\", \"required\": [\"a\"]} => which is not in properties",
        "[1] => is not a JSON object",
        "{\"type\" => is not valid JSON",
      })
  void aSchemaThatCantBeKeptIsRefusedWithItsPlace(String schema, String message) {
    GenerationOptions options = options(new ResponseFormat.JsonSchema(schema), 0);
    for (GenerationRequest request :
        new GenerationRequest[] {ChatRequest.of("?").with(options), CompletionRequest.of("?").with(options)}) {
      assertThatThrownBy(() -> engine.generate(request))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining(message)
          .extracting(thrown -> ((InvalidRequestException) thrown).parameter())
          .isEqualTo(message.startsWith("format.") ? message.substring(0, message.indexOf(':')) : "format");
    }
  }

  /** What would take forever, or all of the stack, is refused in a moment. */
  @ParameterizedTest
  @ValueSource(strings = {"huge", "deep", "optional", "deep brackets", "repetition"})
  @Timeout(60)
  void aHostileSchemaIsRefusedSoon(String kind) {
    String schema =
        switch (kind) {
          case "huge" -> "{\"description\": \"" + "x".repeat(10 << 20) + "\"}";
          case "deep" -> "{\"type\": \"array\", \"items\": ".repeat(500) + "{}" + "}".repeat(500);
          case "deep brackets" -> "{\"const\": " + "[".repeat(900) + "]".repeat(900) + "}";
          case "repetition" ->
              "{\"type\": \"array\", \"prefixItems\": ["
                  + "{\"type\": \"array\", \"maxItems\": 2000, \"items\": {}}, ".repeat(3000)
                  + "{}]}";
          default -> {
            StringBuilder properties = new StringBuilder();
            for (int i = 0; i < 3000; i++) {
              properties.append(i == 0 ? "" : ",").append("\"p").append(i).append("\": {\"type\": \"null\"}");
            }
            yield "{\"type\": \"object\", \"properties\": {" + properties + "}}";
          }
        };
    GenerationOptions options = options(new ResponseFormat.JsonSchema(schema), 0);
    assertThatThrownBy(() -> engine.generate(ChatRequest.of("?").with(options)))
        .isInstanceOf(InvalidRequestException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"root ::= x", "nothing", "", "root ::= root \"a\" | \"b\"", "root ::= [a"})
  void aGrammarThatDoesNotCompileIsRefused(String grammar) {
    GenerationOptions options = options(new ResponseFormat.Gbnf(grammar), 0);
    assertThatThrownBy(() -> engine.generate(ChatRequest.of("?").with(options)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("refused");
  }

  @Test
  void twoGrammarsAreRefused() {
    GenerationOptions options =
        options(new ResponseFormat.JsonObject(), 0).toBuilder()
            .sampling(Sampling.builder().grammar(new Sampler.Grammar("root ::= \"a\"", "root")).build())
            .build();
    assertThatThrownBy(() -> engine.generate(ChatRequest.of("?").with(options)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("can't be combined");
  }

  @Test
  void aSchemaThatIsNotStrictLeavesOutWhatCantBeEnforced() throws Exception {
    String schema =
        "{\"type\": \"object\", \"properties\": {\"n\": {\"type\": \"number\", \"multipleOf\": 3.5}}, \"required\":"
            + " [\"n\"]}";
    GenerationOptions options = options(new ResponseFormat.JsonSchema(schema, false), 3);
    Completion answer = engine.generate(ChatRequest.of("?").with(options)).await();
    assertThat(JSON.readTree(answer.text()).path("n").isNumber()).isTrue();
  }

  /** A double would hold 1.2345678901234568e+22, 0 and 0.12345678901234568. */
  @Test
  void aConstantIsWrittenAsTheSchemaHasIt() {
    for (String number :
        new String[] {
          "12345678901234567890123", "1E-400", "0.12345678901234567890123", "18446744073709551616", "1.50", "[1E+400]"
        }) {
      for (String schema :
          new String[] {
            "{\"const\": %s}".formatted(number), "{\"type\": \"number\", \"enum\": [%s]}".formatted(number)
          }) {
        if (!number.startsWith("[") || schema.contains("const")) {
          GenerationOptions options = options(new ResponseFormat.JsonSchema(schema, true), 1);
          assertThat(engine.generate(CompletionRequest.of("Say: ").with(options)).await().text().strip())
              .isEqualTo(number);
        }
      }
    }
  }

  @Test
  void aCutOffAnswerIsABeginning() {
    GenerationOptions options =
        options(new ResponseFormat.JsonSchema(Schemas.all().get("nested")), 1).toBuilder().maxTokens(5).build();
    Completion answer =
        engine.generate(ChatRequest.of("?").with(options.toBuilder().timeLimit(Duration.ofMinutes(1)).build())).await();
    assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(answer.text()).startsWith("{");
  }

  @Test
  void schemasAreKeptAsTheyAre() {
    for (Map.Entry<String, String> schema : Schemas.all().entrySet()) {
      assertThat(SchemaCheck.check("schema", schema.getValue(), true, "r")).as(schema.getKey()).isNotNull();
    }
  }
}
