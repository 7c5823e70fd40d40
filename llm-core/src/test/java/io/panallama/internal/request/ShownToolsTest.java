package io.panallama.internal.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.TestFiles;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.error.PromptTooLongException;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.Natives;
import io.panallama.request.ChatRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ShownToolsTest {
  private static final int CONTEXT = 1024;

  /** Renders three tools, and no more: whatever is refused in other words was refused before. */
  private static final String FEW =
      "{%- if tools and tools|length > 3 -%}{{ raise_exception('rendered') }}{%- endif -%}"
          + "{%- for tool in tools -%}{{ tool | tojson }}{%- endfor -%}"
          + "{%- for message in messages -%}{{ message.content }}{%- endfor -%}";

  private static final String NAMES_ONLY =
      "{%- for tool in tools -%}{{ tool.function.name }}{%- endfor -%}"
          + "{%- for message in messages -%}{{ message.content }}{%- endfor -%}";

  static List<Path> templates() throws IOException {
    try (Stream<Path> files = Files.list(TestFiles.llamaTestData().resolve("templates"))) {
      return files.filter(path -> path.toString().endsWith(".jinja")).sorted().toList();
    }
  }

  private static LoadedModel load(@Nullable String template) {
    Natives.load();
    ModelConfig.Builder config = ModelConfig.builder().vocabularyOnly(true);
    if (template != null) {
      config.chatTemplate(template);
    }
    ModelConfig built = config.build();
    return new LoadedModel(ModelHandle.load(TestFiles.demoModel(), built), built);
  }

  private static ChatRequest request(List<Tool> tools, ToolChoice choice) {
    return ChatRequest.builder()
        .messages(List.of(ChatMessage.user("Hi")))
        .tools(Tools.builder().list(tools).choice(choice).build())
        .build();
  }

  private static List<Tool> tools(int count, String description, String parameters) {
    List<Tool> tools = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      tools.add(new Tool("tool_" + i, description, parameters, false));
    }
    return tools;
  }

  /** A bound that is too high would refuse conversations that fit. */
  @ParameterizedTest
  @MethodSource("templates")
  void noTemplateWritesLess(Path file) throws IOException {
    LoadedModel model = load(Files.readString(file));
    try {
      Random random = new Random(7);
      for (int i = 0; i < 12; i++) {
        List<Tool> tools = new ArrayList<>();
        for (int j = 0; j <= random.nextInt(4); j++) {
          tools.add(randomTool(j, random));
        }
        ToolChoice choice = random.nextInt(4) == 0 ? new ToolChoice.Named("tool_0") : new ToolChoice.None();
        ChatRequest request = request(tools, choice);
        long bound = model.template(true).shownTools().bytes(request.tools());
        String prompt;
        try {
          prompt = model.template(false).render(request).prompt();
        } catch (ChatTemplateException refused) {
          continue;
        }
        assertThat(bound).as("%s in %s", tools, prompt).isLessThanOrEqualTo(FewestTokens.visibleBytes(prompt));
      }
    } finally {
      model.release();
    }
  }

  private static Tool randomTool(int index, Random random) {
    String[] values = {
      "{\"type\": \"object\", \"properties\": {}}",
      "{}",
      "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"description\": \"größer <b> &"
          + " \\\"c\\\"\"}}}",
      "{\"type\": \"object\", \"properties\": {\"n\": {\"type\": \"number\", \"minimum\": 1e3, \"default\": 1.50}},"
          + " \"required\": [\"n\"]}",
      "{\"type\": \"object\", \"properties\": {\"e\": {\"enum\": [\"\\u00e9\\u00e9\\u00e9\", \"x\", 3, null, true]},"
          + " \"o\": {\"type\": \"object\", \"properties\": {\"in\": {\"type\": \"integer\"}}},"
          + " \"l\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}}}, \"additionalProperties\": false}",
    };
    String[] descriptions = {"", "What it does.", " Größe:\n\n 日本 "};
    return new Tool(
        "tool_" + index,
        descriptions[random.nextInt(descriptions.length)],
        values[random.nextInt(values.length)],
        false);
  }

  @Test
  void theDemoModelsTemplateWritesNamesOfToolsAndParameters() {
    LoadedModel model = load(null);
    try {
      ShownTools shown = model.template(true).shownTools();
      assertThat(shown.names()).isTrue();
      assertThat(shown.properties()).isTrue();
    } finally {
      model.release();
    }
  }

  @Test
  void aToolAsJsonCountsWithAllThatIsAroundIt() {
    LoadedModel model = load(FEW);
    try {
      ShownTools shown = model.template(true).shownTools();
      Tools tools =
          request(tools(3, "What", "{\"type\": \"object\", \"properties\": {\"a\": {}}}"), new ToolChoice.Auto())
              .tools();
      long rest = "{\"type\":\"function\",\"function\":{\"name\":\"\",\"description\":\"\",\"parameters\":}}".length();
      long each = "tool_0What{\"type\":\"object\",\"properties\":{\"a\":{}}}".length();
      assertThat(shown.bytes(tools)).isEqualTo(3 * (rest + each));
    } finally {
      model.release();
    }
  }

  @Test
  void whatATemplateLeavesOutDoesNotCount() {
    LoadedModel model = load(NAMES_ONLY);
    try {
      ShownTools shown = model.template(true).shownTools();
      assertThat(shown).isEqualTo(new ShownTools(true, false, false, false, 0));
      assertThat(shown.bytes(request(tools(2, "long", "{\"title\": \"long\"}"), new ToolChoice.Auto()).tools()))
          .isEqualTo("tool_0tool_1".length());
    } finally {
      model.release();
    }
  }

  @Test
  void aTemplateWithoutToolsCountsNone() {
    LoadedModel model = load("{%- for message in messages -%}{{ message.content }}{%- endfor -%}");
    try {
      assertThat(
              model.template(true).shownTools().bytes(request(tools(9, "long", "{}"), new ToolChoice.Auto()).tools()))
          .isZero();
    } finally {
      model.release();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "required", "none"})
  void manyToolsAreRefusedByLengthBeforeTheyAreRendered(String choice) {
    ToolChoice chosen =
        switch (choice) {
          case "auto" -> new ToolChoice.Auto();
          case "required" -> new ToolChoice.Required();
          default -> new ToolChoice.None();
        };
    requireTooLong(request(tools(5_000, "", Tool.NO_PARAMETERS), chosen));
  }

  @Test
  void aFewToolsWithLongDescriptionsAreRefusedByLength() {
    requireTooLong(request(tools(4, "word ".repeat(10_000), Tool.NO_PARAMETERS), new ToolChoice.Required()));
  }

  @Test
  void aFewToolsWithALargeSchemaAreRefusedByLength() {
    StringBuilder values = new StringBuilder("\"x\"");
    for (int i = 0; i < 5_000; i++) {
      values.append(", \"value-").append(i).append('"');
    }
    String parameters = "{\"type\": \"object\", \"properties\": {\"e\": {\"enum\": [" + values + "]}}}";
    requireTooLong(request(tools(4, "", parameters), new ToolChoice.Required()));
  }

  private static void requireTooLong(ChatRequest request) {
    LoadedModel model = load(FEW);
    try {
      RequestCompiler compiler = new RequestCompiler(model, CONTEXT, PromptTooLongException.Limit.CONTEXT);
      assertThatThrownBy(() -> compiler.compile(request, new int[0], () -> {}))
          .isInstanceOfSatisfying(
              PromptTooLongException.class,
              refused -> {
                assertThat(refused.isExact()).isFalse();
                assertThat(refused.promptTokens()).isGreaterThanOrEqualTo(CONTEXT);
                assertThat(refused.contextSize()).isEqualTo(CONTEXT);
              });
    } finally {
      model.release();
    }
  }

  /** The one tool that the model sees is short. */
  @Test
  void toolsThatTheModelDoesNotSeeDoNotCount() {
    LoadedModel model = load(FEW);
    try {
      ShownTools shown = model.template(true).shownTools();
      List<Tool> tools = tools(5_000, "", Tool.NO_PARAMETERS);
      Tools named = request(tools, new ToolChoice.Named("tool_4999")).tools();
      assertThat(shown.bytes(named)).isEqualTo(shown.bytes(request(List.of(tools.get(4_999)), named.choice()).tools()));
    } finally {
      model.release();
    }
  }
}
