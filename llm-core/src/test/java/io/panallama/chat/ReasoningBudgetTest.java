package io.panallama.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.TestFiles;
import io.panallama.config.ModelConfig;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A limit of the thinking, with a model that would think for ever. */
@Timeout(120)
class ReasoningBudgetTest {
  /** Its prompt ends with the tag that opens the thinking. */
  private static final String THINKS_AT_ONCE = "Qwen-QwQ-32B.jinja";

  /** The model is to write the opening tag itself. */
  private static final String THINKS_BY_ITSELF = "Qwen-Qwen3-0.6B.jinja";

  @TempDir private static Path folder;

  private static Path file;

  @BeforeAll
  static void write() {
    file = TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults().withContextLength(4096));
  }

  private static Model load(String template) {
    try {
      String source = Files.readString(TestFiles.llamaTestData().resolve("templates").resolve(template));
      return Model.load(file, ModelConfig.builder().chatTemplate(source).build());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static ChatRequest request(ReasoningBudget budget, int maxTokens) {
    return ChatRequest.of("What is 2 + 2?")
        .with(TemplateOptions.builder().budget(budget).build())
        .with(
            GenerationOptions.builder()
                .sampling(Sampling.builder().temperature(1.5f).topK(0).minP(0).seed(4).build())
                .maxTokens(maxTokens)
                .build());
  }

  private static Completion answer(String template, ChatRequest request) {
    try (Model model = load(template);
        Engine engine = Engine.start(model, TestEngines.config())) {
      return engine.generate(request).await();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 20})
  void theThinkingEndsWhenItsBudgetIsSpent(int tokens) {
    Completion answer = answer(THINKS_AT_ONCE, request(ReasoningBudget.of(tokens), 100));
    // A token of this model has two characters at most; the template's line break is in front.
    assertThat(answer.reasoning()).hasSizeLessThanOrEqualTo(1 + 2 * tokens);
    if (tokens > 0) {
      assertThat(answer.reasoning()).isNotEmpty();
    }
    assertThat(answer.text()).isNotEmpty();
    assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void withoutABudgetItThinksToTheEnd() {
    ChatRequest request = request(ReasoningBudget.of(5), 100);
    Completion answer = answer(THINKS_AT_ONCE, request.with(TemplateOptions.defaults()));
    assertThat(answer.text()).isEmpty();
    assertThat(answer.reasoning()).hasSizeGreaterThan(90);
  }

  @Test
  void theMessageIsWhatItSaysLast() {
    String message = "\nI must answer now: <|im_end|>";
    Completion answer = answer(THINKS_AT_ONCE, request(ReasoningBudget.of(10, message), 200));
    // A special token in it is text: it does not end the answer.
    assertThat(answer.reasoning()).endsWith(message.strip());
    assertThat(answer.text()).isNotEmpty();
  }

  @Test
  void onlyWhatIsThoughtIsLimited() {
    ChatRequest request = request(ReasoningBudget.of(12), 150);
    ChatMessage thinking = new ChatMessage(Role.ASSISTANT, "", "Well", List.of(), "", "");
    ChatRequest continued =
        ChatRequest.builder()
            .messages(List.of(ChatMessage.user("Hi"), thinking))
            .tools(Tools.none())
            .template(request.template().toBuilder().turn(TemplateOptions.Turn.CONTINUED_REASONING).build())
            .options(request.options())
            .build();
    try (Model model = load(THINKS_BY_ITSELF);
        Engine engine = Engine.start(model, TestEngines.config())) {
      assertThat(engine.generate(request).await().text()).hasSizeGreaterThan(140);
      Completion answer = engine.generate(continued).await();
      assertThat(answer.reasoning()).hasSizeLessThanOrEqualTo("Well".length() + 24);
      assertThat(answer.text()).isNotEmpty();
    }
  }

  @Test
  void aSchemaHoldsAfterTheThinking() throws Exception {
    ChatRequest request = request(ReasoningBudget.of(15), 600);
    String schema = "{\"type\": \"object\", \"properties\": {\"n\": {\"type\": \"integer\"}}, \"required\": [\"n\"]}";
    Completion answer =
        answer(
            THINKS_AT_ONCE,
            request.with(request.options().toBuilder().format(new ResponseFormat.JsonSchema(schema)).build()));
    assertThat(answer.reasoning()).hasSizeLessThanOrEqualTo(31);
    assertThat(answer.text().strip()).startsWith("{");
    if (answer.reason() == FinishReason.STOP) {
      assertThat(new com.fasterxml.jackson.databind.ObjectMapper().readTree(answer.text()).has("n")).isTrue();
    }
  }

  @Test
  void aTemplateWithoutThinkingTagsIsAnErrorIfTheBudgetIsRequired() {
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config())) {
      assertThatThrownBy(() -> engine.generate(request(ReasoningBudget.of(5), 10)))
          .isInstanceOfSatisfying(
              InvalidRequestException.class,
              refused -> assertThat(refused.parameter()).isEqualTo("template.budget.tokens"));
      ReasoningBudget harmless = ReasoningBudget.builder(5).required(false).build();
      assertThat(engine.generate(request(harmless, 10)).await().text()).isNotEmpty();
    }
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    assertThatThrownBy(() -> ReasoningBudget.of(-1)).isInstanceOf(InvalidRequestException.class);
    String endless = "x".repeat(ReasoningBudget.MAX_MESSAGE_LENGTH + 1);
    assertThatThrownBy(() -> ReasoningBudget.of(1, endless)).isInstanceOf(InvalidRequestException.class);
  }
}
