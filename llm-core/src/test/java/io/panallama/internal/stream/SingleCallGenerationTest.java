package io.panallama.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.chat.ToolCall;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationEvent.ToolCallArguments;
import io.panallama.generation.GenerationEvent.ToolCallStarted;
import io.panallama.generation.ScriptedGeneration;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An answer that may have one call has one, whatever the model goes on to write. */
@Timeout(20)
class SingleCallGenerationTest {
  private final ScriptedGeneration model = new ScriptedGeneration();

  private Generation single() {
    return new SingleCallGeneration(model, OptionalInt::empty);
  }

  @Test
  void theAnswerEndsWithTheFirstCall() {
    model
        .text("I look. ")
        .event(new ToolCallStarted(0, "a", "weather"))
        .event(new ToolCallArguments(0, "{\"city\": \"{Pa\\\""))
        .event(new ToolCallArguments(0, "ris}\", \"days\": [{}]"))
        .event(new ToolCallArguments(0, "}"))
        .event(new ToolCallStarted(1, "b", "weather"))
        .event(new ToolCallArguments(1, "{}"))
        .finish(FinishReason.TOOL_CALLS);
    List<GenerationEvent> events = new ArrayList<>();
    single().forEach(events::add);
    assertThat(events.subList(0, 5))
        .containsExactly(
            new GenerationEvent.Text("I look. ", List.of()),
            new ToolCallStarted(0, "a", "weather"),
            new ToolCallArguments(0, "{\"city\": \"{Pa\\\""),
            new ToolCallArguments(0, "ris}\", \"days\": [{}]"),
            new ToolCallArguments(0, "}"));
    assertThat(events.subList(5, events.size())).singleElement().isInstanceOf(GenerationEvent.Finished.class);
    assertThat(((GenerationEvent.Finished) events.get(5)).reason()).isEqualTo(FinishReason.TOOL_CALLS);
    // The script was dropped, so the model was stopped at the end of the first call.
    assertThat(model.reads()).isEqualTo(6);
  }

  @Test
  void theWholeAnswerHasOneCall() {
    model
        .event(new ToolCallStarted(0, "a", "weather"))
        .event(new ToolCallStarted(1, "b", "time"))
        .event(new ToolCallArguments(0, "{\"city\": \"Paris\"}"))
        .event(new ToolCallArguments(1, "{}"))
        .finish(FinishReason.LENGTH);
    Completion answer = single().await();
    assertThat(answer.toolCalls()).containsExactly(new ToolCall("a", "weather", "{\"city\": \"Paris\"}"));
    assertThat(answer.reason()).isEqualTo(FinishReason.TOOL_CALLS);
  }

  @Test
  void aCallWithoutArgumentsIsWholeWhenTheNextOneHasSome() {
    model
        .event(new ToolCallStarted(0, "a", "time"))
        .event(new ToolCallStarted(1, "b", "weather"))
        .event(new ToolCallArguments(1, "{\"city\""))
        .finish(FinishReason.LENGTH);
    Completion answer = single().await();
    assertThat(answer.toolCalls()).containsExactly(new ToolCall("a", "time", "{}"));
    assertThat(answer.reason()).isEqualTo(FinishReason.TOOL_CALLS);
  }

  @Test
  void aCallThatIsCutOffIsNone() {
    model
        .event(new ToolCallStarted(0, "a", "weather"))
        .event(new ToolCallArguments(0, "{\"city\": \"Pa"))
        .finish(FinishReason.LENGTH);
    assertThat(single().await().reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void aCancelledOrClosedAnswerStaysSo() {
    model.event(new ToolCallStarted(0, "a", "weather")).event(new ToolCallArguments(0, "{"));
    Generation cancelled = single();
    cancelled.cancel();
    assertThat(cancelled.await().reason()).isEqualTo(FinishReason.CANCELLED);
    Generation closed = new SingleCallGeneration(new ScriptedGeneration().text("a"), OptionalInt::empty);
    closed.close();
    assertThatThrownBy(() -> closed.poll(Duration.ZERO)).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void tokensBehindTheCallDoNotCount() {
    model
        .event(new ToolCallStarted(0, "a", "weather"))
        .event(new ToolCallArguments(0, "{}"))
        .text("and so on")
        .finish(FinishReason.LENGTH);
    int all = new SingleCallGeneration(model, OptionalInt::empty).await().usage().completionTokens();
    ScriptedGeneration again =
        new ScriptedGeneration()
            .event(new ToolCallStarted(0, "a", "weather"))
            .event(new ToolCallArguments(0, "{}"))
            .text("and so on")
            .finish(FinishReason.LENGTH);
    assertThat(new SingleCallGeneration(again, () -> OptionalInt.of(all - 1)).await().usage().completionTokens())
        .isEqualTo(all - 1);
  }
}
