package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.config.ModelConfig;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Forced tool calls of a model that says anything, in the formats of several model families. A validator of others decides what
 * is valid.
 *
 * <p>{@code -Dpanallama.test.generations=1000} makes as many for each format, and a third for each template; a few by default.
 */
@Timeout(value = 3, unit = TimeUnit.HOURS)
class RandomToolCallTest {
  private static final int GENERATIONS = Integer.getInteger("panallama.test.generations", 6);
  private static final int TOOLS = 3;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonSchemaFactory VALIDATORS = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

  /** A random model would take forever to write the beginning of a call by its letters, so that is a token, and likely. */
  private enum Format {
    HERMES("Qwen-Qwen2.5-7B-Instruct", "<tool_call>\n"),
    MISTRAL("mistralai-Mistral-Nemo-Instruct-2407", "[TOOL_CALLS]"),
    FUNCTIONARY("meetkai-functionary-medium-v3.1", "<function="),
    DEEPSEEK("deepseek-ai-DeepSeek-V3.1", "<｜tool▁calls▁begin｜>", "</think>"),
    GPT_OSS("openai-gpt-oss-120b");

    private final String template;
    private final List<String> words;

    Format(String template, String... words) {
      this.template = template;
      this.words = List.of(words);
    }
  }

  @TempDir private static Path folder;

  /**
   * Schemas of objects, as arguments are, without strings of any length, which a random model does not end. The template of
   * gpt-oss can't describe a tuple: it takes an array without {@code items} for one with a method of that name.
   */
  private static List<String> schemas() {
    Set<String> unsuitable =
        Set.of(
            "dictionary",
            "nested arrays",
            "oneOf by a discriminator",
            "allOf",
            "tuple",
            "long strings",
            "patterns without anchors",
            "truth values as schemas");
    return Schemas.all().entrySet().stream()
        .filter(schema -> !unsuitable.contains(schema.getKey()))
        .map(Map.Entry::getValue)
        .toList();
  }

  private static String source(String template) throws IOException {
    return Files.readString(TestFiles.llamaTestData().resolve("templates").resolve(template + ".jinja"));
  }

  @ParameterizedTest
  @EnumSource
  void whateverARandomModelCallsIsValid(Format format) throws Exception {
    TinySpec spec =
        TinySpec.defaults()
            .withContextLength(8192)
            .withVocabulary(330)
            .withWords(format.words)
            .withEnd(TinySpec.End.NATURAL);
    Path file = TinyModels.write(folder.resolve(format + ".gguf"), spec);
    List<String> schemas = schemas();
    assertThat(schemas).hasSizeGreaterThanOrEqualTo(15);
    int whole = 0;
    int calls = 0;
    int parallel = 0;
    try (Model model = Model.load(file, ModelConfig.builder().chatTemplate(source(format.template)).build());
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().slots(1).contextSize(8192).build())) {
      for (int seed = 0; seed < GENERATIONS; seed++) {
        Map<String, JsonSchema> validators = new HashMap<>();
        Tool[] tools = new Tool[TOOLS];
        for (int i = 0; i < TOOLS; i++) {
          String schema = schemas.get((seed / 4 * TOOLS + i) % schemas.size());
          tools[i] = new Tool("tool_" + i, "Tool " + i, schema, true);
          validators.put(tools[i].name(), VALIDATORS.getSchema(schema));
        }
        ToolChoice choice = seed % 2 == 0 ? new ToolChoice.Required() : new ToolChoice.Named("tool_1");
        ChatRequest request =
            ChatRequest.of("Do it")
                .with(Tools.builder().list(List.of(tools)).choice(choice).parallelCalls(seed % 4 < 2).build())
                .with(options(model, format, seed));
        Completion answer = engine.generate(request).await();
        if (answer.reason() != FinishReason.TOOL_CALLS) {
          assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
          continue;
        }
        whole++;
        calls += answer.toolCalls().size();
        parallel += answer.toolCalls().size() > 1 ? 1 : 0;
        assertThat(answer.toolCalls()).isNotEmpty();
        Set<String> ids = new HashSet<>();
        for (ToolCall call : answer.toolCalls()) {
          String what = format + ", seed " + seed + ": " + call;
          assertThat(call.name()).as(what).isIn(validators.keySet());
          if (choice instanceof ToolChoice.Named(String name)) {
            assertThat(call.name()).as(what).isEqualTo(name);
          }
          JsonNode arguments = JSON.readTree(call.arguments());
          assertThat(validators.get(call.name()).validate(arguments)).as(what).isEmpty();
          assertThat(ids.add(call.id())).as(what).isTrue();
        }
      }
    }
    System.out.printf("%s: %d of %d whole, %d calls, %d parallel%n", format, whole, GENERATIONS, calls, parallel);
    assertThat(whole).as("answers that were not cut off").isGreaterThanOrEqualTo(GENERATIONS / 2);
  }

  private static List<String> templates() throws IOException {
    try (Stream<Path> files = Files.list(TestFiles.llamaTestData().resolve("templates"))) {
      return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".jinja")).sorted().toList();
    }
  }

  /** llama.cpp makes grammar and parser from one description, and drops from the grammar what looks ahead. */
  @ParameterizedTest
  @MethodSource("templates")
  void aFormatsParserTakesWhatItsGrammarAllows(String template) throws Exception {
    TinySpec spec = TinySpec.defaults().withContextLength(8192).withVocabulary(330).withEnd(TinySpec.End.NATURAL);
    Path file = TinyModels.write(folder.resolve("any.gguf"), spec);
    String schema =
        """
        {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 99}, "b": {"type": "boolean"},
        "e": {"enum": ["on", "off"]}}, "required": ["n", "e"], "additionalProperties": false}
        """;
    String name = template.substring(0, template.length() - ".jinja".length());
    try (Model model = Model.load(file, ModelConfig.builder().chatTemplate(source(name)).build());
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().slots(1).contextSize(8192).build())) {
      Map<Integer, Float> likely = new HashMap<>();
      likely.put(model.tokenizer().tokenize("\n", false, true)[0], 4f);
      likely.put(model.vocabulary().endOfText().orElseThrow(), 7f);
      for (int seed = 0; seed < GENERATIONS / 3; seed++) {
        Sampling sampling =
            Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).logitBias(likely).build();
        ToolChoice choice = seed % 2 == 0 ? new ToolChoice.Required() : new ToolChoice.Named("set_state");
        Tool tool = new Tool("set_state", "Sets the state", schema, true);
        ChatRequest request =
            ChatRequest.of("Do it")
                .with(Tools.builder().list(List.of(tool)).choice(choice).parallelCalls(seed % 4 < 2).build())
                .with(GenerationOptions.builder().sampling(sampling).maxTokens(200).build());
        Generation generation;
        try {
          generation = engine.generate(request);
        } catch (InvalidRequestException noSuchForm) {
          continue;
        }
        try (generation) {
          Completion answer = generation.await();
          assertThat(answer.reason())
              .as("seed %s: %s", seed, answer)
              .isIn(FinishReason.TOOL_CALLS, FinishReason.LENGTH);
        }
      }
    }
  }

  private static GenerationOptions options(Model model, Format format, int seed) {
    Map<Integer, Float> likely = new HashMap<>();
    for (String word : format.words) {
      likely.put(model.tokenizer().tokenize(word, false, true)[0], 7f);
    }
    likely.put(model.vocabulary().endOfText().orElseThrow(), 7f);
    Sampling sampling =
        Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).logitBias(likely).build();
    return GenerationOptions.builder().sampling(sampling).maxTokens(1000).build();
  }

  /** Once any text could, and a model that had nothing to call for never came to the call. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Qwen-Qwen2.5-7B-Instruct",
        "Qwen-Qwen3-0.6B",
        "Qwen3-Coder",
        "GLM-4.6",
        "mistralai-Mistral-Nemo-Instruct-2407",
        "meetkai-functionary-medium-v3.1",
        "deepseek-ai-DeepSeek-V3.1",
        "meta-llama-Llama-3.1-8B-Instruct",
        "openai-gpt-oss-120b",
        "Kimi-K2-Instruct"
      })
  void nothingButThoughtsPrecedesARequiredCall(String template) throws Exception {
    TinySpec spec = TinySpec.defaults().withContextLength(8192).withVocabulary(330).withEnd(TinySpec.End.NATURAL);
    Path file = TinyModels.write(folder.resolve("first.gguf"), spec);
    try (Model model = Model.load(file, ModelConfig.builder().chatTemplate(source(template)).build());
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().slots(1).contextSize(8192).build())) {
      for (int seed = 0; seed < 6; seed++) {
        Sampling sampling = Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).build();
        ReasoningFormat reasoning = seed % 2 == 0 ? ReasoningFormat.AUTO : ReasoningFormat.NONE;
        ChatRequest request =
            ChatRequest.of("Do it")
                .with(Tools.of(Conversations.WEATHER).toBuilder().choice(new ToolChoice.Required()).build())
                .with(TemplateOptions.builder().reasoning(reasoning).build())
                .with(GenerationOptions.builder().sampling(sampling).maxTokens(100).build());
        String text = engine.generate(request).await().text();
        if (reasoning == ReasoningFormat.AUTO) {
          assertThat(text).as("seed %s", seed).isBlank();
        } else {
          assertThat(text.strip()).as("seed %s", seed).matches("(?s)|(<think>|<\\|channel\\|>analysis).*");
        }
      }
    }
  }

  /** Fails closed: these templates have no form for calls, and llama.cpp gives no grammar for them. */
  @ParameterizedTest
  @ValueSource(strings = {"google-gemma-2-2b-it", "microsoft-Phi-3.5-mini-instruct"})
  void whereNothingCanBeForcedTheRequestIsRefused(String template) throws Exception {
    Path file = TinyModels.write(folder.resolve("plain.gguf"));
    try (Model model = Model.load(file, ModelConfig.builder().chatTemplate(source(template)).build());
        Engine engine = Engine.start(model, TestEngines.config())) {
      Tools tools = Tools.of(Conversations.WEATHER);
      for (ToolChoice choice : List.of(new ToolChoice.Required(), new ToolChoice.Named("get_weather"))) {
        assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hi").with(tools.toBuilder().choice(choice).build())))
            .isInstanceOf(InvalidRequestException.class)
            .hasMessageContaining("tools.choice can't be kept");
      }
      GenerationOptions few = GenerationOptions.builder().maxTokens(3).build();
      assertThat(engine.generate(ChatRequest.of("Hi").with(tools).with(few)).await().toolCalls()).isEmpty();
    }
  }

  @Test
  void aFormatThatATemplateCantKeepIsRefused() throws Exception {
    Path file = TinyModels.write(folder.resolve("plain.gguf"));
    try (Model model = Model.load(file, ModelConfig.builder().chatTemplate(source("Kimi-K2-Instruct")).build());
        Engine engine = Engine.start(model, TestEngines.config())) {
      GenerationOptions options = GenerationOptions.builder().format(new ResponseFormat.JsonObject()).build();
      assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hi").with(options)))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("format can't be enforced");
    }
  }
}
