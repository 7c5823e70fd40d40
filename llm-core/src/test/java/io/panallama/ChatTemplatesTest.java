package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.Tool;
import io.panallama.chat.Tools;
import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.internal.request.ChatTemplate;
import io.panallama.request.ChatRequest;
import io.panallama.testkit.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every template of the pinned llama.cpp with every conversation. */
@Timeout(120)
class ChatTemplatesTest {
  @TempDir private static Path folder;

  private static Path file;

  @BeforeAll
  static void write() {
    file = TinyModels.write(folder.resolve("tiny.gguf"));
  }

  static List<Path> templates() throws IOException {
    try (Stream<Path> files = Files.list(TestFiles.llamaTestData().resolve("templates"))) {
      return files.filter(path -> path.toString().endsWith(".jinja")).sorted().toList();
    }
  }

  @Test
  void theTemplatesAreThere() throws IOException {
    assertThat(templates()).hasSizeGreaterThanOrEqualTo(60);
  }

  @ParameterizedTest
  @MethodSource("templates")
  void aTemplateRendersAConversationOrRefusesIt(Path template) throws IOException {
    ModelConfig config = ModelConfig.builder().chatTemplate(Files.readString(template)).build();
    int rendered = 0;
    try (Model model = Model.load(file, config)) {
      for (Map.Entry<String, ChatRequest> conversation : Conversations.all().entrySet()) {
        try {
          ChatTemplate.Rendered result = model.template().render(conversation.getValue());
          assertThat(result.prompt()).as(conversation.getKey()).contains("Paris");
          boolean forced = conversation.getKey().equals("schema") || conversation.getKey().equals("tools required");
          if (forced && result.constraint() != null) {
            assertThat(result.parser()).as(conversation.getKey()).isNotNull();
          }
          rendered++;
        } catch (ChatTemplateException refused) {
          assertThat(refused).hasMessageContaining("can't be rendered");
        }
      }
    }
    assertThat(rendered).isPositive();
  }

  /** Templates iterate over lists and objects, and join names, without a look at what they are. */
  private static final Map<String, String> WRONG_AND_RIGHT =
      Map.of(
          "{'type': 'object', 'properties': {'a': {'type': 'string'}}, 'required': null}",
          "{'type': 'object', 'properties': {'a': {'type': 'string'}}}",
          "{'type': 'object', 'properties': {'a': {'type': 'string'}}, 'required': true, 'description': 5}",
          "{'type': 'object', 'properties': {'a': {'type': 'string'}}}",
          "{'type': 'object', 'properties': {'a': {'type': 'string'}}, 'required': [null, 5], '$defs': null}",
          "{'type': 'object', 'properties': {'a': {'type': 'string'}}, 'required': []}",
          "{'type': 'object', 'properties': []}",
          "{'type': 'object'}",
          "{'type': 'object', 'properties': null}",
          "{'type': 'object'}",
          "{'type': null}",
          "{'type': 'object'}",
          "{'type': 'object', 'properties': {'a': {'type': 'string', 'enum': null, 'items': null, 'description': 5}}}",
          "{'type': 'object', 'properties': {'a': {'type': 'string'}}}",
          "{'type': 'object', 'properties': {'a': {'type': 'object', 'properties': [], 'required': null}}}",
          "{'type': 'object', 'properties': {'a': {'type': 'object'}}}",
          "{'type': 'object', 'properties': {'a': null, 'b': {'type': {'c': 1}}, 'd': {'anyOf': 1, 'type': ['null',"
              + " null]}}}",
          "{'type': 'object', 'properties': {'a': {}, 'b': {}, 'd': {'type': ['null', 'null']}}}",
          "{'type': 'object', 'properties': {'a': {'type': 'array', 'items': null, 'oneOf': true, '$ref': null}}}",
          "{'type': 'object', 'properties': {'a': {'type': 'array'}}}");

  @ParameterizedTest
  @MethodSource("templates")
  void aTemplateDoesNotSeeKeywordsOfTheWrongKind(Path template) throws IOException {
    ModelConfig config = ModelConfig.builder().chatTemplate(Files.readString(template)).build();
    try (Model model = Model.load(file, config)) {
      for (Map.Entry<String, String> schemas : WRONG_AND_RIGHT.entrySet()) {
        String right = rendered(model, schemas.getValue());
        assertThat(rendered(model, schemas.getKey())).as(schemas.getKey()).isEqualTo(right);
      }
    }
  }

  /** The prompt of a conversation with a tool, or why the template refuses it: some know only the plainest schemas. */
  private static String rendered(Model model, String schema) {
    Tool tool = new Tool("f", "Does it", schema.replace('\'', '"'));
    try {
      return model.template().render(ChatRequest.of("Paris").with(Tools.of(tool))).prompt();
    } catch (ChatTemplateException refused) {
      return String.valueOf(refused.getMessage());
    }
  }
}
