package io.panallama.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.ScriptedGenerator;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.Tools;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.typed.annotation.Description;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The loop, with a model that says what it is told to. */
@Timeout(60)
class AgentTest {
  private static final ChatRequest QUESTION = ChatRequest.of("What is 2 + 3?");

  private final ScriptedGenerator model = new ScriptedGenerator();
  private final Calculator calculator = new Calculator();
  private final ToolBox tools = ToolBox.of(calculator);

  /** Public methods of a class that is not. */
  static final class Calculator {
    private final Set<String> threads = ConcurrentHashMap.newKeySet();
    private final CountDownLatch waiting = new CountDownLatch(1);
    private final CountDownLatch interrupted = new CountDownLatch(1);
    private final CyclicBarrier together = new CyclicBarrier(2);

    @ToolMethod("Adds two numbers")
    int add(@Description("the first") int a, int b) {
      threads.add((Thread.currentThread().isVirtual() ? "virtual " : "platform ") + Thread.currentThread().getName());
      return Math.addExact(a, b);
    }

    @ToolMethod("Waits for ever")
    void hang() throws InterruptedException {
      waiting.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException stopped) {
        interrupted.countDown();
        throw stopped;
      }
    }

    @ToolMethod("Waits for another call of itself")
    String meet() throws Exception {
      together.await();
      return "met";
    }

    @ToolMethod("Breaks")
    void breakDown() {
      throw new AssertionError("out of order");
    }
  }

  private static ToolCall call(String id, String name, String arguments) {
    return new ToolCall(id, name, arguments);
  }

  private static ToolCall add(String id, int a, int b) {
    return call(id, "add", "{\"a\": " + a + ", \"b\": " + b + "}");
  }

  private Agent agent() {
    return Agent.of(model, tools);
  }

  private AgentResult run(AgentConfig config) {
    return agent().with(config).run(QUESTION);
  }

  private static List<String> results(AgentResult result) {
    return result.messages().stream().filter(one -> one.role() == Role.TOOL).map(ChatMessage::content).toList();
  }

  @Test
  void callsAreMadeAndTheirResultsToldUntilThereIsAnAnswer() {
    model.calls(add("1", 2, 3)).answer(FinishReason.STOP, "It is ", "5.");
    AgentResult result = agent().run(QUESTION);
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.ANSWERED);
    assertThat(result.text()).isEqualTo("It is 5.");
    assertThat(result.rounds()).isEqualTo(2);
    assertThat(result.calls()).isEqualTo(1);
    assertThat(result.usage().totalTokens()).isEqualTo(10);
    assertThat(result.messages())
        .extracting(ChatMessage::role)
        .containsExactly(Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT);
    assertThat(result.messages().get(2).toolCallId()).isEqualTo("1");
    assertThat(results(result)).containsExactly("5");
    assertThat(model.requests().get(1).messages()).isEqualTo(result.messages().subList(0, 3));
    assertThat(model.requests()).allMatch(request -> request.tools().list().size() == 4);
    assertThat(calculator.threads).containsExactly("virtual panallama-tool-add");
  }

  @Test
  void eventsTellWhatHappens() {
    model.calls(add("1", 2, 3)).answer(FinishReason.STOP, "5");
    List<AgentEvent> events = new ArrayList<>();
    try (AgentRun run = agent().start(QUESTION)) {
      run.forEach(events::add);
      assertThat(run.await().text()).isEqualTo("5");
    }
    assertThat(events)
        .extracting(event -> event.getClass().getSimpleName())
        .containsExactly("RoundFinished", "CallStarted", "CallFinished", "Text", "RoundFinished", "Finished");
    assertThat(events.get(2))
        .isInstanceOfSatisfying(
            AgentEvent.CallFinished.class, end -> assertThat(end.outcome()).isEqualTo(new ToolOutcome.Result("5")));
  }

  @Test
  void theConversationGoesOn() {
    model.calls(add("1", 2, 3)).answer(FinishReason.STOP, "5").answer(FinishReason.STOP, "I said so.");
    AgentResult first = agent().run(QUESTION);
    List<ChatMessage> messages = new ArrayList<>(first.messages());
    messages.add(ChatMessage.user("Sure?"));
    AgentResult second = agent().run(ChatRequest.of(messages, GenerationOptions.defaults()));
    assertThat(second.messages()).hasSize(6).startsWith(messages.toArray(ChatMessage[]::new));
  }

  @Test
  void whatGoesWrongWithACallIsToldToTheModel() {
    model
        .calls(
            add("1", Integer.MAX_VALUE, 1),
            call("2", "multiply", "{}"),
            call("3", "add", "{\"a\": \"two\", \"b\": 3}"),
            call("4", "add", "{\"a\": 2"),
            call("5", "add", "{\"a\": 2}"))
        .answer(FinishReason.STOP, "Sorry.");
    AgentResult result = agent().run(QUESTION);
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.ANSWERED);
    List<String> told = results(result);
    assertThat(told).hasSize(5).allMatch(text -> text.startsWith("Error: ")).noneMatch(text -> text.contains("\tat "));
    assertThat(told.get(0)).contains("integer overflow");
    assertThat(told.get(1)).contains("multiply").contains("[add, breakDown, hang, meet]");
    assertThat(told.get(2)).contains("arguments.a is \"two\" instead of a whole number");
    assertThat(told.get(3)).contains("not JSON");
    assertThat(told.get(4)).contains("no property \"b\"");
  }

  @Test
  void aToolThatTakesTooLongIsInterrupted() throws Exception {
    model.calls(call("1", "hang", "")).answer(FinishReason.STOP, "Too slow.");
    AgentResult result = run(AgentConfig.builder().callTimeLimit(Duration.ofMillis(50)).build());
    assertThat(results(result)).containsExactly("Error: the tool took longer than 50 ms and was stopped.");
    assertThat(calculator.interrupted.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void theLastRoundsCallsAreNotMade() {
    model.calls(add("1", 1, 1)).calls(add("2", 2, 2), add("3", 3, 3));
    AgentResult result = run(AgentConfig.builder().maxRounds(2).build());
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.ROUND_LIMIT);
    assertThat(result.calls()).isEqualTo(1);
    assertThat(results(result)).hasSize(3);
    assertThat(results(result).getLast()).contains("limit of 2 rounds");
  }

  @Test
  void callsHaveALimit() {
    model.calls(add("1", 1, 1), add("2", 2, 2), add("3", 3, 3));
    AgentResult result = run(AgentConfig.builder().maxCalls(2).build());
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.CALL_LIMIT);
    assertThat(result.calls()).isEqualTo(2);
    assertThat(results(result)).hasSize(3).startsWith("2", "4").last().asString().contains("limit of 2 calls");
  }

  @Test
  void timeIsLimited() {
    model.calls(call("1", "hang", "{}"), add("2", 1, 1));
    AgentResult result = run(AgentConfig.builder().timeLimit(Duration.ofMillis(100)).build());
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.TIME_LIMIT);
    assertThat(results(result)).hasSize(2).last().asString().contains("was not called");
    assertThat(model.requests().getFirst().options().timeLimit().orElseThrow())
        .isLessThanOrEqualTo(Duration.ofMillis(100));
  }

  @Test
  void aShorterTimeLimitOfTheRequestStays() {
    model.answer(FinishReason.TIME_LIMIT, "I");
    GenerationOptions options = GenerationOptions.builder().timeLimit(Duration.ofMillis(7)).build();
    AgentResult result = agent().run(QUESTION.with(options));
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.TIME_LIMIT);
    assertThat(model.requests().getFirst().options().timeLimit()).contains(Duration.ofMillis(7));
  }

  @Test
  void parallelCallsMeetAndKeepTheirOrder() {
    model.calls(call("1", "meet", "{}"), call("2", "meet", "{}"), add("3", 1, 1)).answer(FinishReason.STOP, "ok");
    AgentResult result = run(AgentConfig.builder().parallelCalls(true).build());
    assertThat(results(result)).containsExactly("met", "met", "2");
  }

  @Test
  void cancellingInterruptsATool() throws Exception {
    model.calls(call("1", "hang", "{}"), add("2", 1, 1));
    try (AgentRun run = agent().start(QUESTION)) {
      Thread canceller =
          Thread.startVirtualThread(() -> {
            try {
              calculator.waiting.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            run.cancel();
          });
      AgentResult result = run.await();
      canceller.join();
      assertThat(result.reason()).isEqualTo(AgentResult.Reason.CANCELLED);
      assertThat(results(result)).hasSize(2);
      assertThat(calculator.interrupted.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void cancellingEndsAGeneration() {
    model.silence();
    try (AgentRun run = agent().start(QUESTION)) {
      run.cancel();
      assertThat(run.await().reason()).isEqualTo(AgentResult.Reason.CANCELLED);
    }
  }

  @Test
  void closingEndsTheStream() {
    model.silence();
    AgentRun run = agent().start(QUESTION);
    run.close();
    run.close();
    assertThat(run.iterator().hasNext()).isFalse();
    assertThatThrownBy(run::await).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void closingDropsWhatWasNotRead() {
    model.calls(add("1", 2, 3), add("2", 2, 3));
    AgentRun run = agent().with(AgentConfig.builder().parallelCalls(true).build()).start(QUESTION);
    Iterator<AgentEvent> events = run.iterator();
    assertThat(events.next()).isInstanceOf(AgentEvent.RoundFinished.class);
    // Both calls start at once, so one of the two events waits.
    assertThat(events.next()).isInstanceOf(AgentEvent.CallStarted.class);
    run.close();
    assertThat(events.hasNext()).isFalse();
  }

  @Test
  void limitsTooLongForNanosecondsAreNone() {
    Duration forever = Duration.ofSeconds(Long.MAX_VALUE);
    model.calls(add("1", 2, 3)).answer(FinishReason.STOP, "5");
    AgentResult result = run(AgentConfig.builder().timeLimit(forever).callTimeLimit(forever).build());
    assertThat(results(result)).containsExactly("5");
  }

  @Test
  void anInterruptCancels() {
    model.silence();
    try (AgentRun run = agent().start(QUESTION)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(run::await)
          .isInstanceOfSatisfying(
              GenerationException.class,
              thrown -> assertThat(thrown.reason()).isEqualTo(GenerationException.Reason.INTERRUPTED));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(run.await().reason()).isEqualTo(AgentResult.Reason.CANCELLED);
    }
  }

  @Test
  void anErrorOfAToolIsNotForTheModel() {
    model.calls(call("1", "breakDown", "{}"));
    assertThatThrownBy(() -> agent().run(QUESTION)).isInstanceOf(AssertionError.class).hasMessage("out of order");
  }

  @Test
  void aCutOffAnswerIsSaidToBeOne() {
    model.answer(FinishReason.LENGTH, "It is");
    assertThat(agent().run(QUESTION).reason()).isEqualTo(AgentResult.Reason.CUT_OFF);
  }

  @Test
  void aConversationThatOutgrowsTheContextKeepsItsMessages() {
    model.calls(add("1", 2, 3)).refuse(new PromptTooLongException(100, 50));
    AgentResult result = agent().run(QUESTION);
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.CONTEXT_FULL);
    assertThat(results(result)).containsExactly("5");
    model.refuse(new PromptTooLongException(100, 50));
    assertThatThrownBy(() -> agent().run(QUESTION)).isInstanceOf(PromptTooLongException.class);
  }

  @Test
  void aFailureClosesTheRun() {
    model.calls(add("1", 2, 3)).refuse(new IllegalStateException("closed"));
    AgentRun run = agent().start(QUESTION);
    assertThatThrownBy(run::await).isInstanceOf(IllegalStateException.class).hasMessage("closed");
    assertThat(run.iterator().hasNext()).isFalse();
  }

  @Test
  void theRequestBringsNeitherToolsNorAFormat() {
    ChatRequest withTools = QUESTION.with(Tools.of(new Tool("t", "", Tool.NO_PARAMETERS)));
    ChatRequest withFormat = QUESTION.with(GenerationOptions.builder().format(new ResponseFormat.JsonObject()).build());
    for (ChatRequest request : List.of(withTools, withFormat)) {
      assertThatThrownBy(() -> agent().start(request)).isInstanceOf(InvalidRequestException.class);
    }
  }

  @Test
  void limitsHaveRanges() {
    AgentConfig config = AgentConfig.defaults();
    assertThatThrownBy(() -> config.toBuilder().maxRounds(0).build()).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> config.toBuilder().maxCalls(-1).build()).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> config.toBuilder().timeLimit(Duration.ZERO).build())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> config.toBuilder().callTimeLimit(Duration.ZERO).build())
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aFullQueueInTheMiddleOfARunIsWaitedForAndLosesNothing() {
    model
        .calls(new ToolCall("1", "add", "{\"a\": 1, \"b\": 2}"))
        .refuse(new EngineBusyException(1, Duration.ofMillis(1)))
        .refuse(new EngineBusyException(1, Duration.ofMillis(1)))
        .answer(FinishReason.STOP, "3");
    AgentResult result = Agent.of(model, tools).run("1 + 2?");
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.ANSWERED);
    assertThat(result.calls()).isEqualTo(1);
    assertThat(result.messages()).hasSize(4);
    assertThat(model.requests()).hasSize(4);
  }

  @Test
  void aFullQueueThatStaysFullEndsWithTheTimeAndKeepsTheConversation() {
    model.calls(new ToolCall("1", "add", "{\"a\": 1, \"b\": 2}"));
    model.refuse(new EngineBusyException(1, Duration.ofDays(1)));
    AgentConfig config = AgentConfig.builder().timeLimit(Duration.ofMillis(300)).build();
    AgentResult result = Agent.of(model, tools).with(config).run("1 + 2?");
    assertThat(result.reason()).isEqualTo(AgentResult.Reason.TIME_LIMIT);
    assertThat(result.messages()).hasSize(3);
    assertThat(result.messages().getLast().content()).isEqualTo("3");
  }

  @Test
  void aFullQueueAtTheBeginningIsTheCallersToKnow() {
    model.refuse(new EngineBusyException(1, Duration.ofSeconds(1)));
    Agent agent = Agent.of(model, tools);
    assertThatThrownBy(() -> agent.run("Hello")).isInstanceOf(EngineBusyException.class);
  }
}
