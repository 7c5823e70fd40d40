package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.config.ModelConfig;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Tools whose schemas and names are alike. They share one grammar, in which each must keep its own rules. */
@Timeout(600)
class ToolDefinitionsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonSchemaFactory VALIDATORS = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

  @TempDir private static Path folder;

  /** Required, so that the grammar is not lazy and a random model gets to the call. */
  private static ChatRequest request(List<Tool> tools) {
    return ChatRequest.of("Do it")
        .with(Tools.builder().list(tools).choice(new ToolChoice.Required()).parallelCalls(false).build());
  }

  private static Tool tool(String name, String definition) {
    return new Tool(
        name,
        "Does it",
        "{\"$defs\": {\"p\": "
            + definition
            + "}, \"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#/$defs/p\"}, \"b\": {\"$ref\":"
            + " \"#/$defs/p\"}}, \"required\": [\"a\", \"b\"]}",
        true);
  }

  private static List<Tool> tools() {
    return List.of(
        tool(
            "first", "{\"type\": \"object\", \"properties\": {\"x\": {\"type\": \"boolean\"}}, \"required\": [\"x\"]}"),
        tool("second", "{\"enum\": [1, 2, 3]}"));
  }

  private static Model load(String template, List<String> words) throws Exception {
    TinySpec spec =
        TinySpec.defaults().withContextLength(8192).withVocabulary(330).withWords(words).withEnd(TinySpec.End.NATURAL);
    Path file = TinyModels.write(folder.resolve(template + ".gguf"), spec);
    String source = Files.readString(TestFiles.llamaTestData().resolve("templates").resolve(template + ".jinja"));
    return Model.load(file, ModelConfig.builder().chatTemplate(source).build());
  }

  /** Texts that the models have as tokens. */
  private static final Map<String, List<String>> WORDS =
      Map.of(
          "Qwen-Qwen2.5-7B-Instruct", List.of("<tool_call>\n"),
          "mistralai-Mistral-Nemo-Instruct-2407", List.of("[TOOL_CALLS]"),
          "Qwen3-Coder", List.of("<tool_call>"));

  static Stream<Arguments> formats() {
    return Stream.of(
        Arguments.of("Qwen-Qwen2.5-7B-Instruct", List.of("<tool_call>\n")),
        Arguments.of("mistralai-Mistral-Nemo-Instruct-2407", List.of("[TOOL_CALLS]")),
        Arguments.of("Qwen3-Coder", List.of("<tool_call>")),
        Arguments.of("openai-gpt-oss-120b", List.of()));
  }

  @ParameterizedTest
  @MethodSource("formats")
  void eachToolHasTheDefinitionsOfItsOwnSchema(String template, List<String> words) throws Exception {
    Map<String, JsonSchema> validators = new HashMap<>();
    tools().forEach(tool -> validators.put(tool.name(), VALIDATORS.getSchema(tool.parameters())));
    Map<String, Integer> called = new HashMap<>();
    try (Model model = load(template, words);
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().slots(1).contextSize(8192).build())) {
      Map<Integer, Float> likely = new HashMap<>();
      words.forEach(word -> likely.put(model.tokenizer().tokenize(word, false, true)[0], 7f));
      likely.put(model.vocabulary().endOfText().orElseThrow(), 7f);
      for (int seed = 0; seed < 12; seed++) {
        // Any order: once the first definition was everybody's.
        List<Tool> tools = seed % 2 == 0 ? tools() : tools().reversed();
        Sampling sampling =
            Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).logitBias(likely).build();
        GenerationOptions options = GenerationOptions.builder().sampling(sampling).maxTokens(600).build();
        Completion answer = engine.generate(request(tools).with(options)).await();
        for (ToolCall call : answer.reason() == FinishReason.TOOL_CALLS ? answer.toolCalls() : List.<ToolCall>of()) {
          JsonNode arguments = JSON.readTree(call.arguments());
          assertThat(validators.get(call.name()).validate(arguments)).as("seed %s: %s", seed, call).isEmpty();
          called.merge(call.name(), 1, Integer::sum);
        }
      }
    }
    assertThat(called).as("calls of each tool").containsOnlyKeys("first", "second");
  }

  @Test
  void thePromptHasTheSchemasAsTheyWereGiven() throws Exception {
    Tool rewritten =
        new Tool(
            "fourth",
            "Does it",
            "{\"type\": \"object\", \"properties\": {\"code\": {\"type\": \"string\", \"pattern\": \"^\\\\d{3}$\"}},"
                + " \"required\": [\"code\"]}",
            true);
    List<Tool> all = new ArrayList<>(tools());
    all.add(rewritten);
    try (Model model = load("Qwen-Qwen2.5-7B-Instruct", List.of())) {
      String prompt = model.render(request(all));
      assertThat(prompt).containsSubsequence("\"first\"", "\"$defs\": {\"p\"", "#/$defs/p\"", "\"second\"");
      for (Tool tool : all) {
        assertThat(prompt).contains("\"parameters\": " + spaced(JSON.readTree(tool.parameters())));
      }
    }
  }

  /** As Jinja's {@code tojson} writes it. */
  private static String spaced(JsonNode json) {
    return json.toString().replace("\":", "\": ").replaceAll(",(?=[\"{\\[])", ", ").replaceAll(",(?=\\d)", ", ");
  }

  /** llama.cpp would have one rule for both. */
  @ParameterizedTest
  @CsvSource({
    "Qwen-Qwen2.5-7B-Instruct, get_it, get-it",
    "Qwen-Qwen2.5-7B-Instruct, mcp/get.it:v2, mcp_get_it_v2",
    "Qwen-Qwen2.5-7B-Instruct, call, other",
    "Qwen3-Coder, call, other",
    "Qwen3-Coder, get.it, get/it",
    "mistralai-Mistral-Nemo-Instruct-2407, calls, call",
    "openai-gpt-oss-120b, get_it, get-it"
  })
  void namesThatWouldBeOneRuleAreKeptApart(String template, String one, String other) throws Exception {
    Map<String, String> schemas = Map.of(one, "{\"enum\": [1, 2]}", other, "{\"enum\": [3, 4]}");
    List<Tool> tools = List.of(tool(one, schemas.get(one)), tool(other, schemas.get(other)));
    List<String> words = WORDS.getOrDefault(template, List.of());
    Map<String, Integer> called = new HashMap<>();
    try (Model model = load(template, words);
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().slots(1).contextSize(8192).build())) {
      assertThat(model.render(request(tools))).contains(one, other);
      for (int seed = 0; seed < 20; seed++) {
        String favourite = seed % 2 == 0 ? one : other;
        int differs = 0;
        while (differs < favourite.length() - 1 && one.charAt(differs) == other.charAt(differs)) {
          differs++;
        }
        List<String> likely = new ArrayList<>(words);
        likely.add(favourite.substring(differs, differs + 1));
        Completion answer = engine.generate(request(tools).with(options(model, likely, seed))).await();
        for (ToolCall call : answer.reason() == FinishReason.TOOL_CALLS ? answer.toolCalls() : List.<ToolCall>of()) {
          int value = JSON.readTree(call.arguments()).path("a").asInt();
          assertThat(value).as("seed %s: %s", seed, call).isBetween(1, 4);
          assertThat(value <= 2).as("seed %s: %s", seed, call).isEqualTo(call.name().equals(one));
          called.merge(call.name(), 1, Integer::sum);
        }
      }
    }
    assertThat(called).as("calls of each tool").containsOnlyKeys(one, other);
  }

  private static GenerationOptions options(Model model, List<String> words, int seed) {
    Map<Integer, Float> likely = new HashMap<>();
    words.forEach(word -> likely.put(model.tokenizer().tokenize(word, false, true)[0], 7f));
    likely.put(model.vocabulary().endOfText().orElseThrow(), 7f);
    Sampling sampling =
        Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).logitBias(likely).build();
    return GenerationOptions.builder().sampling(sampling).maxTokens(600).build();
  }

  /** Where properties are written as tags each has a rule, and so has the schema of one. */
  @ParameterizedTest
  @CsvSource({"x_y, x-y", "output, output_schema", "output, output2"})
  void propertiesThatWouldBeOneRuleAreKeptApart(String one, String other) throws Exception {
    String object = "{\"type\": \"object\", \"properties\": {\"x\": {\"type\": \"boolean\"}}, \"required\": [\"x\"]}";
    String schema =
        "{\"type\": \"object\", \"properties\": {\"%s\": %s, \"%s\": {\"enum\": [1, 2]}}, \"required\": [\"%s\", \"%s\"]}"
            .formatted(one, object, other, one, other);
    ChatRequest request = request(List.of(new Tool("it", "", schema)));
    JsonSchema validator = VALIDATORS.getSchema(schema);
    for (String template : List.of("Qwen3-Coder", "Qwen-Qwen2.5-7B-Instruct")) {
      int called = 0;
      List<String> words = List.of("<tool_call>");
      try (Model model = load(template, words);
          Engine engine = Engine.start(model, TestEngines.config().toBuilder().slots(1).contextSize(8192).build())) {
        assertThat(model.render(request)).contains(one, other);
        for (int seed = 0; seed < 6; seed++) {
          Completion answer = engine.generate(request.with(options(model, words, seed))).await();
          for (ToolCall call : answer.reason() == FinishReason.TOOL_CALLS ? answer.toolCalls() : List.<ToolCall>of()) {
            assertThat(validator.validate(JSON.readTree(call.arguments()))).as("%s: %s", template, call).isEmpty();
            called++;
          }
        }
      }
      assertThat(called).as(template).isPositive();
    }
  }
}
