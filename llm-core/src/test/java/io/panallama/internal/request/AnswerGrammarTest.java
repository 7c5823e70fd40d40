package io.panallama.internal.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.TestFiles;
import io.panallama.config.ModelConfig;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.TemplateHandle;
import io.panallama.internal.schema.SchemaCheck;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is made of llama.cpp's grammars before they are compiled. */
@Timeout(180)
class AnswerGrammarTest {
  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;
  private static ModelHandle handle;

  @BeforeAll
  static void start() {
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults().withContextLength(256)));
    engine = Engine.start(model, TestEngines.config());
    handle = ModelHandle.load(folder.resolve("tiny.gguf"), ModelConfig.defaults());
  }

  @AfterAll
  static void stop() {
    handle.close();
    engine.close();
    model.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '~',
      textBlock =
          """
          root ::= ("a" b){0,9}; root ::=  group-0 {0,9}|group-0 ::= "a" b
          root ::= "(" [(){}] ("a")? ; root ::= "(" [(){}] ("a")?
          root ::= x (y ("," y){0,5})?; root ::= x  group-1 ?|group-0 ::= "," y|group-1 ::= y  group-0 {0,5}
          root ::= ("a{2}" b "\\")")+; root ::= ("a{2}" b "\\")")+
          group-1 ::= (a b) {3}; group-1 ::=  ggroup-0  {3}|ggroup-0 ::= a b
          """)
  void repeatedGroupsGetNames(String grammar, String named) {
    assertThat(AnswerGrammar.withNamedGroups(grammar).lines().map(String::stripTrailing))
        .containsExactly(named.split("\\|", -1));
  }

  private static GenerationOptions format(String schema, boolean strict) {
    return GenerationOptions.builder().format(new ResponseFormat.JsonSchema(schema, strict)).maxTokens(1).build();
  }

  private static List<GenerationRequest> requests(String schema, boolean strict) {
    GenerationOptions options = format(schema, strict);
    return List.of(ChatRequest.of("Hi").with(options), CompletionRequest.of("Hi").with(options));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\": \"array\", \"maxItems\": 2000, \"items\": ITEM}",
        "{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 2000, \"items\": ITEM}",
        "{\"type\": \"array\", \"minItems\": 2000, \"items\": ITEM}",
        "{\"type\": \"array\", \"minItems\": 2000, \"maxItems\": 2000, \"items\": ITEM}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"array\", \"maxItems\": 2000, \"items\": ITEM}}}"
      })
  void theMostItemsCompileWhateverTheyAre(String array) {
    for (String item :
        List.of(
            "true",
            "{\"type\": \"integer\"}",
            "{\"type\": \"number\", \"minimum\": -5}",
            "{\"type\": \"string\", \"maxLength\": 2000}",
            "{\"enum\": [\"a\", 1, null]}",
            "{\"type\": \"string\", \"format\": \"date-time\"}",
            "{\"type\": \"object\", \"properties\": {\"b\": {\"type\": \"boolean\"}, \"c\": {}}, \"required\":"
                + " [\"b\"]}",
            "{\"type\": \"array\", \"maxItems\": 2000, \"items\": {\"type\": \"string\"}}",
            "{\"anyOf\": [{\"type\": \"null\"}, {\"type\": \"boolean\"}]}")) {
      for (boolean strict : new boolean[] {true, false}) {
        for (GenerationRequest request : requests(array.replace("ITEM", item), strict)) {
          assertThatCode(() -> engine.generate(request).await()).as("%s of %s", array, item).doesNotThrowAnyException();
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\": \"string\", \"maxLength\": 2000}",
        "{\"type\": \"string\", \"minLength\": 2000, \"maxLength\": 2001}",
        "{\"type\": \"string\", \"minLength\": 1000000, \"maxLength\": 1000000}",
        "{\"type\": \"string\", \"pattern\": \"^a{0,2000}$\"}",
        "{\"type\": \"string\", \"pattern\": \"^(ab){0,2000}$\"}",
        "{\"type\": \"string\", \"pattern\": \"^([a-z][0-9]|.x)?([a-z]-){2000}$\"}",
        "{\"type\": \"string\", \"pattern\": \"^(x(a{0,50}b){0,50})?$\"}",
        "{\"type\": \"string\", \"pattern\": \"^(a{0,1999}b)?$\"}"
      })
  void theMostCharactersAndRepetitionsCompile(String schema) {
    for (boolean strict : new boolean[] {true, false}) {
      for (GenerationRequest request : requests(schema, strict)) {
        assertThatCode(() -> engine.generate(request).await()).as(schema).doesNotThrowAnyException();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\": \"array\", \"items\": {}, \"maxItems\": 2001}",
        "{\"type\": \"array\", \"items\": {}, \"minItems\": 2001}",
        "{\"type\": \"string\", \"maxLength\": 1000001}",
        "{\"type\": \"string\", \"pattern\": \"^a{2001}$\"}"
      })
  void oneMoreIsRefusedIfStrictAndElseLetGo(String schema) {
    for (GenerationRequest request : requests(schema, true)) {
      assertThatThrownBy(() -> engine.generate(request)).isInstanceOf(InvalidRequestException.class);
    }
    assertThat(SchemaCheck.omissions("format", schema)).hasSize(1);
    for (GenerationRequest request : requests(schema, false)) {
      assertThatCode(() -> engine.generate(request).await()).as(schema).doesNotThrowAnyException();
    }
  }

  @Test
  void aGrammarThatRepeatsTooMuchIsRefusedInAWholeSentence() {
    for (String gbnf : List.of("root ::= (\"a\"{0,1999} \"b\"){2}", "root ::= \"a\"{2001}")) {
      GenerationOptions options =
          GenerationOptions.builder()
              .sampling(Sampling.builder().grammar(new Sampler.Grammar(gbnf, "root")).build())
              .build();
      assertThatThrownBy(() -> engine.generate(CompletionRequest.of("Hi").with(options)))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("more than 2000 times")
          .hasMessageEndingWith("use smaller numbers");
    }
  }

  private static String grammar(String template, GenerationRequest request) throws IOException {
    ChatTemplate compiled = new ChatTemplate(TemplateHandle.create(handle, template));
    try {
      String constraint = compiled.render((ChatRequest) request).constraint();
      return constraint == null ? "" : new ObjectMapper().readTree(constraint).path("grammar").asText();
    } finally {
      compiled.close();
    }
  }

  /** No client sees a fence: its tokens would be computed, counted and thrown away. */
  @Test
  void theJsonOfAFormatHasNoFence() throws IOException {
    ChatRequest request = ChatRequest.of("Hi").with(format("{\"type\": \"integer\"}", true));
    List<String> fenced = new ArrayList<>();
    int count = 0;
    Path templates = TestFiles.llamaTestData().resolve("templates");
    try (Stream<Path> files = Files.list(templates)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".jinja")).sorted().toList()) {
        String grammar = grammar(Files.readString(file), request);
        count += grammar.isEmpty() ? 0 : 1;
        if (grammar.contains("```")) {
          fenced.add(file.getFileName().toString());
        }
      }
    }
    assertThat(count).isGreaterThan(40);
    // The forms of these have a fence: their parsers read nothing else.
    assertThat(fenced)
        .hasSizeLessThanOrEqualTo(8)
        .allMatch(name -> name.matches("(?i).*(deepseek|minimax-m3|mistral|ministral|gemma|kimi).*"));
  }

  @Test
  void theFenceGoesWithAndWithoutThoughtsAndTools() {
    String fence = "(\"```json\" space response-format space \"```\" | space response-format space)";
    assertThat(
            AnswerGrammar.withoutFence("a ::= b\nroot ::= \"x\\n\" space space " + fence + "\nspace ::= \" \"?", "x\n"))
        .isEqualTo("a ::= b\nroot ::= \"x\\n\" \" \"? response-format\nspace ::= \" \"?");
    assertThat(AnswerGrammar.withoutFence("root ::= space space " + fence, ""))
        .isEqualTo("root ::= \" \"? response-format");
    assertThat(AnswerGrammar.withoutFence("root ::= \"x\" space space " + fence, "x\n"))
        .isEqualTo("root ::= \"x\" space response-format");
    assertThat(AnswerGrammar.withoutFence("root ::= \"x\" space (\"<t>\" u-1)? space " + fence, "x"))
        .isEqualTo("root ::= \"x\" space (\"<t>\" u-1)? space response-format");
    String prefixed = fence.replaceAll("(space|response-format)", "format-$1");
    assertThat(AnswerGrammar.withoutFence("format-root ::= format-space format-space " + prefixed, ""))
        .isEqualTo("format-root ::= format-space format-response-format");
  }
}
