package io.panallama.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.Conversations;
import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.TestFiles;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tools with the demo model, which has seen a few. */
@Timeout(120)
class ToolCallTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    model = Model.load(TestFiles.demoModel());
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  private static ChatRequest request(ToolChoice choice) {
    return ChatRequest.of("What is the weather in Paris?")
        .with(GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(200).build())
        .with(Tools.of(Conversations.WEATHER).toBuilder().choice(choice).build());
  }

  @Test
  void aRequiredCallComes() throws Exception {
    Completion answer = engine.generate(request(new ToolChoice.Required())).await();
    assertThat(answer.reason()).isEqualTo(FinishReason.TOOL_CALLS);
    assertThat(answer.toolCalls()).hasSize(1);
    ToolCall call = answer.toolCalls().getFirst();
    assertThat(call.name()).isEqualTo("get_weather");
    assertThat(call.id()).isNotEmpty();
    JsonNode arguments = JSON.readTree(call.arguments());
    assertThat(arguments.path("city").isTextual()).isTrue();
    assertThat(answer.text()).isEmpty();
  }

  @Test
  void aCallGoesRound() {
    ChatRequest question = request(new ToolChoice.Required());
    Completion call = engine.generate(question).await();
    List<ChatMessage> messages = new ArrayList<>(question.messages());
    messages.add(call.toMessage());
    messages.add(ChatMessage.toolResult(call.toolCalls().getFirst(), "{\"sky\": \"clear\"}"));
    ChatRequest next =
        ChatRequest.builder()
            .messages(messages)
            .tools(Tools.of(Conversations.WEATHER))
            .template(TemplateOptions.defaults())
            .options(question.options())
            .build();
    assertThat(model.render(next)).contains("clear").contains("Paris");
    Completion answer = engine.generate(next).await();
    assertThat(answer.reason()).isNotEqualTo(FinishReason.CANCELLED);
  }

  @Test
  void theDeltasOfAStreamMakeTheCall() throws Exception {
    StringBuilder arguments = new StringBuilder();
    List<GenerationEvent> events = new ArrayList<>();
    try (Generation generation = engine.generate(request(new ToolChoice.Required()))) {
      for (GenerationEvent event : generation) {
        events.add(event);
        if (event instanceof GenerationEvent.ToolCallArguments piece) {
          assertThat(piece.index()).isZero();
          arguments.append(piece.json());
        }
      }
    }
    assertThat(events.getFirst())
        .isInstanceOfSatisfying(
            GenerationEvent.ToolCallStarted.class, call -> assertThat(call.name()).isEqualTo("get_weather"));
    assertThat(JSON.readTree(arguments.toString()).has("city")).isTrue();
    assertThat(events.getLast())
        .isInstanceOfSatisfying(
            GenerationEvent.Finished.class, end -> assertThat(end.reason()).isEqualTo(FinishReason.TOOL_CALLS));
  }

  @Test
  void withoutToolsThereAreNoCalls() {
    Completion answer = engine.generate(request(new ToolChoice.None())).await();
    assertThat(answer.toolCalls()).isEmpty();
    assertThat(answer.reason()).isNotEqualTo(FinishReason.TOOL_CALLS);
  }

  @Test
  void aNamedToolIsTheOneThatIsCalled() {
    ChatRequest request =
        request(new ToolChoice.Auto())
            .with(
                Tools.of(Conversations.TIME, Conversations.WEATHER).toBuilder()
                    .choice(new ToolChoice.Named("get_time"))
                    .build());
    assertThat(engine.generate(request).await().toolCalls()).extracting(ToolCall::name).contains("get_time");
  }

  @Test
  void aCallThatIsCutOffIsNoCallToMake() {
    ChatRequest request = request(new ToolChoice.Required());
    Completion answer = engine.generate(request.with(request.options().toBuilder().maxTokens(6).build())).await();
    assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(answer.toolCalls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"name", "weather", "arguments", "city", "Paris", "}"})
  void aStopTextInTheMiddleOfACallEndsItWithoutACall(String stop) {
    ChatRequest request = request(new ToolChoice.Required());
    ChatRequest stopped = request.with(request.options().toBuilder().stops(stop).build());
    Completion answer = engine.generate(stopped).await();
    assertThat(answer.reason()).isEqualTo(FinishReason.STOP_TEXT);
    assertThat(answer.toolCalls()).isEmpty();
    GenerationEvent last = null;
    try (Generation generation = engine.generate(stopped)) {
      for (GenerationEvent event : generation) {
        last = event;
      }
    }
    assertThat(last)
        .isInstanceOfSatisfying(
            GenerationEvent.Finished.class, end -> assertThat(end.reason()).isEqualTo(FinishReason.STOP_TEXT));
  }

  @Test
  void aStopTextInTheMiddleOfJsonEndsIt() {
    ChatRequest request = request(new ToolChoice.None());
    GenerationOptions options =
        request.options().toBuilder().format(new ResponseFormat.JsonObject()).stops("\"").build();
    Completion answer = engine.generate(request.with(options)).await();
    assertThat(answer.reason()).isEqualTo(FinishReason.STOP_TEXT);
    assertThat(answer.text()).startsWith("{").doesNotContain("\"");
  }

  @Test
  void cancellingEndsTheStream() {
    try (Generation generation = engine.generate(request(new ToolChoice.Required()))) {
      generation.cancel();
      Completion answer = generation.await();
      assertThat(answer.reason()).isIn(FinishReason.CANCELLED, FinishReason.TOOL_CALLS);
    }
  }

  @Test
  void logProbabilitiesComeBesideACall() {
    ChatRequest request = request(new ToolChoice.Required());
    int tokens = 0;
    try (Generation generation = engine.generate(request.with(request.options().toBuilder().topLogprobs(2).build()))) {
      for (GenerationEvent event : generation) {
        tokens += event instanceof GenerationEvent.Text text ? text.logprobs().size() : 0;
        if (event instanceof GenerationEvent.Finished end) {
          assertThat(tokens).isEqualTo(end.usage().completionTokens());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "[]", "5", "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"x\"}}}"})
  void aToolWithABrokenSchemaIsRefused(String schema) {
    ChatRequest request = request(new ToolChoice.Auto()).with(Tools.of(new Tool("a", "", schema, true)));
    assertThatThrownBy(() -> engine.generate(request))
        .isInstanceOf(InvalidRequestException.class)
        .extracting(thrown -> ((InvalidRequestException) thrown).parameter())
        .isEqualTo("tools.list[0].parameters");
  }

  /** Free text in front of it once went on until the limit, whatever the seed. */
  @ParameterizedTest
  @ValueSource(strings = {"Hi", "Tell me a story about a dog.", "What is the weather in Paris?"})
  void aRequiredCallComesFirst(String message) {
    int called = 0;
    for (int seed = 0; seed < 8; seed++) {
      Sampling sampling = seed == 0 ? Sampling.greedy() : Sampling.builder().temperature(1f).seed(seed).build();
      for (ToolChoice choice : List.of(new ToolChoice.Required(), new ToolChoice.Named("get_weather"))) {
        ChatRequest request =
            ChatRequest.of(message)
                .with(GenerationOptions.builder().sampling(sampling).maxTokens(400).build())
                .with(Tools.of(Conversations.WEATHER).toBuilder().choice(choice).build());
        Completion answer = engine.generate(request).await();
        assertThat(answer.text()).as("seed %s", seed).isEmpty();
        // A random sampler may not find the end of an argument, which has no bound.
        assertThat(answer.reason()).isIn(FinishReason.TOOL_CALLS, FinishReason.LENGTH);
        if (seed == 0 || answer.reason() == FinishReason.TOOL_CALLS) {
          assertThat(answer.toolCalls().getFirst().name()).isEqualTo("get_weather");
          called++;
        }
      }
    }
    assertThat(called).isGreaterThanOrEqualTo(12);
  }

  @Test
  void withToolsAndAFormatTheAnswerIsACallOrInTheFormat() throws Exception {
    String schema =
        "{\"type\": \"object\", \"properties\": {\"mood\": {\"enum\": [\"HAPPY\", \"SAD\"]}}, \"required\":"
            + " [\"mood\"]}";
    int calls = 0;
    int texts = 0;
    for (int seed = 0; seed < 24; seed++) {
      // The model calls wherever it can, so every other time it is kept from beginning to.
      int token = model.tokenizer().tokenize("<tool_call>", false, true)[0];
      Sampling sampling =
          Sampling.builder()
              .temperature(1.5f)
              .topK(0)
              .topP(1)
              .minP(0)
              .seed(seed)
              .logitBias(Map.of(token, -40f * (seed % 2)))
              .build();
      ChatRequest request =
          ChatRequest.of("What is the weather in Paris?")
              .with(
                  GenerationOptions.builder()
                      .sampling(sampling)
                      .maxTokens(400)
                      .format(seed % 3 == 0 ? new ResponseFormat.JsonObject() : new ResponseFormat.JsonSchema(schema))
                      .build())
              .with(Tools.of(Conversations.WEATHER));
      Completion answer = engine.generate(request).await();
      if (answer.reason() == FinishReason.TOOL_CALLS) {
        assertThat(answer.text()).isEmpty();
        assertThat(JSON.readTree(answer.toolCalls().getFirst().arguments()).has("city")).isTrue();
        calls++;
      } else if (answer.reason() == FinishReason.STOP) {
        JsonNode value = JSON.readTree(answer.text());
        assertThat(value.isObject()).as(answer.text()).isTrue();
        if (seed % 3 != 0) {
          assertThat(value.path("mood").asText()).isIn("HAPPY", "SAD");
        }
        texts++;
      }
    }
    assertThat(calls).as("calls").isPositive();
    assertThat(texts).as("texts").isPositive();
  }

  @Test
  void aGrammarLeavesNoRoomForCalls() {
    ChatRequest request = request(new ToolChoice.Auto());
    GenerationOptions options = request.options().toBuilder().format(new ResponseFormat.Gbnf("root ::= \"a\"")).build();
    assertThatThrownBy(() -> request.with(options)).isInstanceOf(InvalidRequestException.class);
  }

  @Test
  void aToolNeedsAName() {
    assertThatThrownBy(() -> new Tool("get weather", "", "{}")).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> Tools.of(Conversations.TIME, Conversations.TIME))
        .isInstanceOf(InvalidRequestException.class);
  }
}
