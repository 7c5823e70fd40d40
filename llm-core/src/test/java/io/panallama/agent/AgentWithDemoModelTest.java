package io.panallama.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ToolCall;
import io.panallama.demo.DemoModel;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.typed.AnswerType;
import io.panallama.typed.annotation.Description;
import io.panallama.typed.annotation.Range;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real model, which has seen tools like these. */
@Timeout(120)
class AgentWithDemoModelTest {
  private static final GenerationOptions OPTIONS =
      GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(200).build();

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    model = Model.load(DemoModel.extract());
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  record Report(int temperature, String condition) {}

  static final class Demo {
    private final List<String> cities = new ArrayList<>();

    @ToolMethod(name = "get_weather", value = "Get the weather")
    Report weather(@Description("The city") String city) {
      cities.add(city);
      return new Report(18, "cloudy");
    }

    @ToolMethod("Add two numbers")
    int add(int a, int b) {
      return a + b;
    }
  }

  private static AgentResult run(Demo demo, String question) {
    return Agent.of(engine, ToolBox.of(demo)).run(ChatRequest.of(question).with(OPTIONS));
  }

  @Test
  void theModelCallsAJavaMethodAndAnswersFromItsResult() {
    Demo demo = new Demo();
    AgentResult result = run(demo, "What is the weather in Paris?");
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.ANSWERED);
    assertThat(demo.cities).containsExactly("Paris");
    assertThat(result.text()).contains("18").contains("cloudy").contains("Paris");
    assertThat(result.rounds()).isEqualTo(2);
  }

  @Test
  void itDoesWithoutWhereNoToolIsNeeded() {
    AgentResult result = run(new Demo(), "Hello");
    assertThat(result.calls()).isZero();
    assertThat(result.text()).isNotEmpty();
    assertThat(result.rounds()).isEqualTo(1);
  }

  @Test
  void itPicksTheToolAndTheNumbers() {
    List<ToolCall> calls = new ArrayList<>();
    try (AgentRun run =
        Agent.of(engine, ToolBox.of(new Demo()))
            .start(ChatRequest.of("Use the tool to add 12 and 30.").with(OPTIONS))) {
      for (AgentEvent event : run) {
        if (event instanceof AgentEvent.CallFinished end) {
          calls.add(end.call());
          assertThat(end.outcome().text()).isEqualTo("42");
        }
      }
      assertThat(run.await().text()).contains("42");
    }
    assertThat(calls).extracting(ToolCall::name).containsExactly("add");
  }

  @Test
  void theConversationGoesOn() {
    Demo demo = new Demo();
    List<ChatMessage> messages = new ArrayList<>(run(demo, "What is the weather in Paris?").messages());
    messages.add(ChatMessage.user("What is the weather in Rome?"));
    AgentResult second = Agent.of(engine, ToolBox.of(demo)).run(ChatRequest.of(messages, OPTIONS));
    assertThat(demo.cities).containsExactly("Paris", "Rome");
    assertThat(second.reason()).isEqualTo(AgentResult.Reason.ANSWERED);
  }

  record Person(String name, @Range(min = 0, max = 120) int age) {}

  @Test
  void anAnswerIsARecord() {
    Person person =
        engine.ask(
            ChatRequest.of("Extract the person: Ada is 36 years old.").with(OPTIONS),
            AnswerType.of(Person.class).withShapeInPrompt(false));
    assertThat(person).isEqualTo(new Person("Ada", 36));
  }
}
