package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.ToolCall;
import io.panallama.chat.Tools;
import io.panallama.config.ModelConfig;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.llama.ChatParserHandle;
import io.panallama.internal.request.ChatTemplate;
import io.panallama.internal.stream.ChatParser;
import io.panallama.request.ChatRequest;
import io.panallama.testkit.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What answers are made of, as the templates of some families have it. */
@Timeout(120)
class ChatParserTest {
  private static final String QWEN3 = "Qwen-Qwen3-0.6B.jinja";
  private static final String QWEN3_CODER = "Qwen3-Coder.jinja";
  private static final String FUNCTIONARY = "meetkai-functionary-medium-v3.2.jinja";

  /** Two calls of one answer as models of the template's family write them. */
  private static final Map<String, String> CALLS =
      Map.of(
          QWEN3,
          "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>\n"
              + "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>",
          QWEN3_CODER,
          "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>\n"
              + "<tool_call>\n<function=get_weather>\n<parameter=city>\nRome\n</parameter>\n</function>\n</tool_call>",
          FUNCTIONARY,
          "all\nI look.>>>get_weather\n{\"city\": \"Paris\"}>>>get_weather\n{\"city\": \"Rome\"}");

  @TempDir private static Path folder;

  private static Path file;

  @BeforeAll
  static void write() {
    file = TinyModels.write(folder.resolve("tiny.gguf"));
  }

  private static ChatTemplate.Rendered rendered(String template, ChatRequest request) throws IOException {
    String source = Files.readString(TestFiles.llamaTestData().resolve("templates").resolve(template));
    try (Model model = Model.load(file, ModelConfig.builder().chatTemplate(source).build())) {
      return model.template().render(request);
    }
  }

  private static ChatParserHandle parser(String template, ChatRequest request) throws IOException {
    return ChatParserHandle.create(Objects.requireNonNull(rendered(template, request).parser()));
  }

  private static ChatRequest tools() {
    return ChatRequest.of("Weather?").with(Tools.of(Conversations.WEATHER));
  }

  @Test
  void aTemplateThatAddsNothingNeedsNoParser() throws IOException {
    try (Model model = Model.load(file)) {
      assertThat(model.template().render(ChatRequest.of("Hi")).parser()).isNull();
      assertThat(model.template().render(ChatRequest.of("Hi")).constraint()).isNull();
    }
    assertThat(rendered(QWEN3, ChatRequest.of("Hi")).parser()).isNotNull();
  }

  @Test
  void reasoningTextAndCallsAreToldApartAsTheyCome() throws IOException {
    String answer =
        "<think>\n"
            + "Hm, Paris.\n"
            + "</think>\n\n"
            + "I look.\n"
            + "<tool_call>\n"
            + "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n"
            + "</tool_call>";
    StringBuilder deltas = new StringBuilder();
    try (ChatParserHandle parser = parser(QWEN3, tools())) {
      for (int i = 0; i < answer.length(); i++) {
        ChatParser.Update update = parser.update(answer.substring(i, i + 1), i + 1 == answer.length());
        assertThat(update.failure()).isNull();
        deltas.append(update.deltas() == null ? "" : update.deltas());
      }
    }
    String joined = deltas.toString();
    assertThat(joined.indexOf("\"reasoning\"")).isNotNegative().isLessThan(joined.indexOf("\"content\""));
    assertThat(joined.indexOf("\"content\"")).isLessThan(joined.indexOf("\"name\":\"get_weather\""));
    assertThat(joined.indexOf("\"name\"")).isLessThan(joined.indexOf("\"arguments\""));
    assertThat(joined.split("\"name\"", -1)).hasSize(2);
  }

  /** In one piece or byte by byte: the same in the end. */
  @Test
  void theWholeAnswerIsTheSumOfItsPieces() throws IOException {
    String answer =
        "<think>Größe</think>Ja <tool_call>\n"
            + "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Köln\"}}\n"
            + "</tool_call>";
    try (ChatParserHandle whole = parser(QWEN3, tools())) {
      assertThat(whole.update(answer, true).deltas())
          .contains("{\"reasoning\":\"Größe\"}")
          .contains("\"name\":\"get_weather\"")
          .contains("K\u00f6ln");
    }
  }

  /** Clients take a call for ended as soon as another one begins, wherever the answer was cut between two updates. */
  @ParameterizedTest
  @ValueSource(strings = {QWEN3, QWEN3_CODER, FUNCTIONARY})
  void aCallIsToldWholeBeforeTheNextBegins(String template) throws IOException {
    String answer = CALLS.get(template);
    String description = Objects.requireNonNull(rendered(template, tools()).parser());
    for (int cut = 0; cut <= answer.length(); cut++) {
      try (ChatParserHandle parser = ChatParserHandle.create(description)) {
        StringBuilder told = new StringBuilder();
        told.append(calls(parser.update(answer.substring(0, cut), false)));
        told.append(calls(parser.update(answer.substring(cut), true)));
        assertThat(told.toString().replace(" ", ""))
            .as("cut after " + answer.substring(0, cut))
            .isEqualTo("0get_weather:{\"city\":\"Paris\"}1get_weather:{\"city\":\"Rome\"}");
      }
    }
  }

  /** The names, behind their indexes, and the arguments of calls, as they are told; the arguments of another call fail. */
  private static String calls(ChatParser.Update update) throws IOException {
    StringBuilder told = new StringBuilder();
    for (JsonNode delta : new ObjectMapper().readTree(update.deltas() == null ? "[]" : update.deltas())) {
      told.append(delta.has("name") ? delta.path("index").asInt() + delta.path("name").asText() + ":" : "");
      told.append(delta.path("arguments").asText());
    }
    return told.toString();
  }

  @ParameterizedTest
  @ValueSource(ints = {15, 100, 9_990})
  void deepAnswersNeedNoMoreStackThanThereIs(int depth) throws IOException {
    try (ChatParserHandle parser = parser(QWEN3, tools())) {
      String answer =
          "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": "
              + "[".repeat(depth)
              + "1"
              + "]".repeat(depth);
      parser.update(answer, false);
      // Whether such arguments can be read is the parser's business; that the process is there is ours.
      assertThat(parser.update("", false)).isNotNull();
    }
  }

  @Test
  void answersThatAreDeeperThanAnythingAreRefused() throws IOException {
    try (ChatParserHandle parser = parser(QWEN3, tools())) {
      assertThat(parser.update("{".repeat(20_000), false).failure()).contains("nests brackets deeper");
    }
  }

  @Test
  void aClosedParserGivesNothing() throws IOException {
    ChatParserHandle parser = parser(QWEN3, tools());
    parser.close();
    parser.close();
    assertThat(parser.update("x", true)).isEqualTo(new ChatParser.Update(null, null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "{}", "{\"format\": 99}", "[1]"})
  void aBrokenDescriptionIsRefused(String description) {
    assertThatThrownBy(() -> ChatParserHandle.create(description)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void deepArgumentsInTheHistoryAreTheirText() throws IOException {
    String deep = "{\"a\": " + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    ChatMessage call = new ChatMessage(Role.ASSISTANT, "", "", List.of(new ToolCall("1", "get_weather", deep)), "", "");
    assertThat(rendered(QWEN3, ChatRequest.of(ChatMessage.user("a"), call, ChatMessage.user("b"))).prompt())
        .contains("[[[[");
  }

  @Test
  void onlyTheAssistantIsContinued() {
    ChatRequest request =
        ChatRequest.of("a").with(TemplateOptions.builder().turn(TemplateOptions.Turn.CONTINUED).build());
    assertThatThrownBy(() -> rendered(QWEN3, request))
        .isInstanceOfSatisfying(
            InvalidRequestException.class, refused -> assertThat(refused.parameter()).isEqualTo("template.turn"));
  }

  @Test
  void aContinuedMessageIsNotToldAgain() throws IOException {
    ChatRequest request =
        ChatRequest.of(ChatMessage.user("Count"), ChatMessage.assistant("One, two"))
            .with(TemplateOptions.builder().turn(TemplateOptions.Turn.CONTINUED).build());
    ChatTemplate.Rendered rendered = rendered(QWEN3, request);
    assertThat(rendered.prompt()).endsWith("One, two");
    try (ChatParserHandle parser = ChatParserHandle.create(Objects.requireNonNull(rendered.parser()))) {
      assertThat(parser.update(", three", true).deltas()).isEqualTo("[{\"content\":\", three\"}]");
    }
  }
}
