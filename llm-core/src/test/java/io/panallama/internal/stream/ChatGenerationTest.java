package io.panallama.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.panallama.chat.ToolCall;
import io.panallama.error.GenerationException;
import io.panallama.error.GenerationException.Reason;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationGroup;
import io.panallama.generation.ScriptedGeneration;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.StreamFlush;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ends of an answer that a parser reads, in every way and order of reading it. */
@Timeout(20)
class ChatGenerationTest {
  private static final ChatParser.Update NOTHING = new ChatParser.Update(null, null);
  private static final ChatParser.Update MALFORMED = new ChatParser.Update(null, "half a call");

  private final ScriptedGeneration model = new ScriptedGeneration();

  /** Gives what it was told, whatever it is asked. */
  private static final class ScriptedParser implements ChatParser {
    private final Deque<Update> pieces = new ArrayDeque<>();
    private Update end = NOTHING;
    private Update cutOff = NOTHING;
    private boolean ended;

    @Override
    public Update update(String text, boolean last) {
      if (last) {
        ended = true;
        return end;
      }
      return ended ? cutOff : pieces.isEmpty() ? NOTHING : pieces.remove();
    }

    @Override
    public void close() {}
  }

  private static ChatParser.Update deltas(String json) {
    return new ChatParser.Update(json, null);
  }

  private static Generation malformed() {
    ScriptedGeneration model = new ScriptedGeneration().text("<tool_call>{").finish(FinishReason.STOP);
    ScriptedParser parser = new ScriptedParser();
    parser.end = MALFORMED;
    return new ChatGeneration(model, parser, new TokenEnds(), true);
  }

  private static void assertMalformed(ThrowingCallable read) {
    assertThatThrownBy(read)
        .isInstanceOfSatisfying(
            GenerationException.class, failure -> assertThat(failure.reason()).isEqualTo(Reason.MALFORMED_OUTPUT))
        .hasMessageContaining("half a call");
  }

  private static void drain(Iterator<GenerationEvent> events) {
    while (events.hasNext()) {
      events.next();
    }
  }

  @Test
  void malformedOutputFailsEveryWayOfReading() {
    assertMalformed(malformed()::await);
    assertMalformed(() -> drain(malformed().iterator()));
    assertMalformed(() -> GenerationGroup.start(1, choice -> malformed()).await());
    assertMalformed(() -> FlushedGeneration.of(malformed(), StreamFlush.WORD).await());
    assertMalformed(() -> drain(FlushedGeneration.of(malformed(), StreamFlush.WORD).iterator()));
    assertThatThrownBy(() -> malformed().toFuture().get())
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(GenerationException.class);
  }

  @Test
  void malformedOutputFailsEveryLaterReadToo() {
    Generation awaited = malformed();
    assertMalformed(awaited::await);
    assertMalformed(awaited::await);
    Generation iterated = malformed();
    Iterator<GenerationEvent> events = iterated.iterator();
    assertMalformed(() -> drain(events));
    assertMalformed(events::hasNext);
    assertMalformed(() -> iterated.poll(Duration.ZERO));
    assertMalformed(iterated::await);
    Generation flushed = FlushedGeneration.of(malformed(), StreamFlush.SENTENCE);
    assertMalformed(() -> drain(flushed.iterator()));
    assertMalformed(flushed::await);
  }

  @Test
  void whatWasParsedBeforeTheFaultComesFirst() {
    model.text("a").text("<tool_call>{").finish(FinishReason.STOP);
    ScriptedParser parser = new ScriptedParser();
    parser.pieces.add(deltas("[{\"content\": \"a\"}]"));
    parser.end = MALFORMED;
    Iterator<GenerationEvent> events = new ChatGeneration(model, parser, new TokenEnds(), true).iterator();
    assertThat(events.next()).isEqualTo(new GenerationEvent.Text("a", List.of()));
    assertMalformed(events::hasNext);
  }

  @Test
  void awaitGoesOnWhereTheEndIsQueuedAlready() throws Exception {
    model.finish(FinishReason.STOP);
    ScriptedParser parser = new ScriptedParser();
    parser.end = deltas("[{\"reasoning\": \"Hm.\"}, {\"content\": \"Hello\"}]");
    Generation generation = new ChatGeneration(model, parser, new TokenEnds(), true);
    assertThat(generation.poll(Duration.ofSeconds(10))).contains(new GenerationEvent.Reasoning("Hm."));
    assertThat(model.isFinished()).isTrue();
    Completion rest = generation.await();
    assertThat(rest.text()).isEqualTo("Hello");
    assertThat(rest.reasoning()).isEmpty();
    assertThat(rest.reason()).isEqualTo(FinishReason.STOP);
    assertThatThrownBy(generation::await).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void awaitGoesOnAfterSomeEvents() throws Exception {
    model.text("a").text("b").finish(FinishReason.STOP);
    ScriptedParser parser = new ScriptedParser();
    parser.pieces.add(deltas("[{\"reasoning\": \"r\"}, {\"content\": \"a\"}]"));
    parser.end = deltas("[{\"content\": \"b\"}]");
    Generation generation = new ChatGeneration(model, parser, new TokenEnds(), true);
    assertThat(generation.poll(Duration.ofSeconds(10))).contains(new GenerationEvent.Reasoning("r"));
    assertThat(generation.await().text()).isEqualTo("ab");
  }

  @ParameterizedTest
  @EnumSource(names = {"STOP_TEXT", "LENGTH", "TIME_LIMIT", "CONTEXT_FULL", "CANCELLED"})
  void aCallThatIsCutOffIsNoCallAndNoFault(FinishReason reason) {
    model.text("<tool_call>{").finish(reason);
    ScriptedParser parser = new ScriptedParser();
    parser.end = MALFORMED;
    parser.cutOff =
        deltas(
            """
            [{"index": 0, "id": "1", "name": "whole"}, {"index": 0, "arguments": "{\\"a\\": \\"}\\"}"},
             {"index": 1, "id": "2", "name": "half"}, {"index": 1, "arguments": "{\\"a\\": \\"}"}]\
            """);
    Completion answer = new ChatGeneration(model, parser, new TokenEnds(), true).await();
    assertThat(answer.reason()).isEqualTo(reason);
    assertThat(answer.toolCalls()).containsExactly(new ToolCall("1", "whole", "{\"a\": \"}\"}"));
  }

  @ParameterizedTest
  @EnumSource(names = {"STOP", "STOP_TEXT"})
  void aWholeCallIsOneWhereATextOfTheTemplateEndsTheTurn(FinishReason reason) {
    model.text("<tool_call>{}").finish(reason);
    ScriptedParser parser = new ScriptedParser();
    parser.end = deltas("[{\"index\": 0, \"id\": \"1\", \"name\": \"whole\"}, {\"index\": 0, \"arguments\": \"{}\"}]");
    Completion answer = new ChatGeneration(model, parser, new TokenEnds(), true).await();
    assertThat(answer.reason()).isEqualTo(FinishReason.TOOL_CALLS);
    assertThat(answer.toolCalls()).hasSize(1);
  }

  private static ScriptedParser lenient(String arguments) {
    ScriptedParser parser = new ScriptedParser();
    parser.end =
        deltas(
            "[{\"index\": 0, \"id\": \"1\", \"name\": \"half\"}, {\"index\": 0, \"arguments\": \""
                + arguments
                + "\"}]");
    return parser;
  }

  @Test
  void halfACallIsNoneAlsoWhereTheParserTakesItForOne() {
    Completion answer =
        new ChatGeneration(model.finish(FinishReason.STOP_TEXT), lenient("{"), new TokenEnds(), true).await();
    assertThat(answer.reason()).isEqualTo(FinishReason.STOP_TEXT);
    assertThat(answer.toolCalls()).isEmpty();
    assertThatThrownBy(() ->
            new ChatGeneration(new ScriptedGeneration().finish(FinishReason.STOP), lenient("{"), new TokenEnds(), true)
                .await())
        .isInstanceOfSatisfying(
            GenerationException.class, failure -> assertThat(failure.reason()).isEqualTo(Reason.MALFORMED_OUTPUT));
  }

  @Test
  void aCallWithoutArgumentsIsWholeOnlyWhereTheModelEndedTheTurn() {
    Completion ended = new ChatGeneration(model.finish(FinishReason.STOP), lenient(""), new TokenEnds(), true).await();
    assertThat(ended.reason()).isEqualTo(FinishReason.TOOL_CALLS);
    assertThat(ended.toolCalls()).containsExactly(new ToolCall("1", "half", "{}"));
    Completion cut =
        new ChatGeneration(new ScriptedGeneration().finish(FinishReason.STOP_TEXT), lenient(""), new TokenEnds(), true)
            .await();
    assertThat(cut.reason()).isEqualTo(FinishReason.STOP_TEXT);
    assertThat(cut.toolCalls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[{'index': 0, 'id': '1', 'name': 'a'}, {'index': 0, 'arguments': '{'},"
            + " {'index': 1, 'id': '2', 'name': 'b'}, {'index': 1, 'arguments': '{}'}]",
        "[{'index': 0, 'id': '1', 'name': 'a'}, {'index': 0, 'arguments': '{x}'}]",
        "[{'index': 0, 'id': '1', 'name': 'a'}, {'index': 0, 'arguments': '{} {'}]",
        "[{'index': 0, 'id': '1', 'name': 'a'}, {'index': 0, 'arguments': '5'}]",
        "[{'index': 0, 'arguments': '{}'}]"
      })
  void noEndGivesACallThatIsNotWhole(String calls) {
    String json = calls.replace('\'', '"');
    for (FinishReason reason : FinishReason.values()) {
      ScriptedParser parser = new ScriptedParser();
      parser.end = deltas(json);
      Generation generation =
          new ChatGeneration(new ScriptedGeneration().finish(reason), parser, new TokenEnds(), true);
      if (reason == FinishReason.STOP) {
        assertThatThrownBy(generation::await)
            .isInstanceOfSatisfying(
                GenerationException.class, failure -> assertThat(failure.reason()).isEqualTo(Reason.MALFORMED_OUTPUT));
      } else if (reason != FinishReason.TOOL_CALLS) {
        assertThat(generation.await().reason()).isEqualTo(reason);
      }
    }
  }

  @Test
  void everyCallWithoutArgumentsGetsAnEmptyObjectBeforeTheNextBegins() {
    ScriptedParser parser = new ScriptedParser();
    parser.end =
        deltas("[{\"index\": 0, \"id\": \"1\", \"name\": \"a\"}, {\"index\": 1, \"id\": \"2\", \"name\": \"b\"}]");
    List<GenerationEvent> events = new ArrayList<>();
    new ChatGeneration(model.finish(FinishReason.STOP), parser, new TokenEnds(), true).forEach(events::add);
    assertThat(events.subList(0, 4))
        .containsExactly(
            new GenerationEvent.ToolCallStarted(0, "1", "a"),
            new GenerationEvent.ToolCallArguments(0, "{}"),
            new GenerationEvent.ToolCallStarted(1, "2", "b"),
            new GenerationEvent.ToolCallArguments(1, "{}"));
  }

  @Test
  void awaitKeepsTheLogProbabilities() {
    TokenLogprobs one = new TokenLogprobs(new TokenLogprob(1, -0.5f), List.of());
    TokenLogprobs two = new TokenLogprobs(new TokenLogprob(2, -1.5f), List.of());
    model.event(new GenerationEvent.Text("a", List.of(one))).event(new GenerationEvent.Text("b", List.of(two)));
    model.finish(FinishReason.STOP);
    ScriptedParser parser = new ScriptedParser();
    parser.end = deltas("[{\"content\": \"ab\"}]");
    Completion answer =
        FlushedGeneration.of(new ChatGeneration(model, parser, new TokenEnds(), true), StreamFlush.WORD).await();
    assertThat(answer.text()).isEqualTo("ab");
    assertThat(answer.logprobs()).containsExactly(one, two);
  }

  @Test
  void aClosedGenerationHasNoEvents() throws Exception {
    Generation generation =
        new ChatGeneration(model.text("a").finish(FinishReason.STOP), new ScriptedParser(), new TokenEnds(), true);
    generation.close();
    assertThat(generation.iterator().hasNext()).isFalse();
    assertThatThrownBy(generation::await).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> Optional.of(generation.poll(Duration.ZERO))).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void anAnswerInNoFormatOfItsTemplateIsText() {
    for (boolean forced : new boolean[] {false, true}) {
      ScriptedGeneration unread = new ScriptedGeneration().text("Once upon").text(" a time").finish(FinishReason.STOP);
      ScriptedParser parser = new ScriptedParser();
      parser.end = MALFORMED;
      Generation generation = new ChatGeneration(unread, parser, new TokenEnds(), forced);
      if (forced) {
        assertThatThrownBy(generation::await).isInstanceOf(GenerationException.class);
      } else {
        Completion answer = generation.await();
        assertThat(answer.text()).isEqualTo("Once upon a time");
        assertThat(answer.reason()).isEqualTo(FinishReason.STOP);
      }
    }
  }

  @Test
  void anAnswerThatIsReadInPartIsNoText() {
    ScriptedGeneration half = new ScriptedGeneration().text("Once upon").finish(FinishReason.STOP);
    ScriptedParser parser = new ScriptedParser();
    parser.end = MALFORMED;
    parser.cutOff = deltas("[{\"content\": \"Once\"}]");
    assertThatThrownBy(() -> new ChatGeneration(half, parser, new TokenEnds(), false).await())
        .isInstanceOf(GenerationException.class);
  }

  @Test
  void tokensOfTheThinkingAreCounted() {
    // "<think>" "Let" " me see" "</think>" "Hi"
    TokenEnds ends = new TokenEnds();
    for (int end : new int[] {7, 10, 17, 25, 27}) {
      ends.add(end);
    }
    model.text("<think>Let me see</think>").text("Hi").finish(FinishReason.STOP);
    ScriptedParser parser = new ScriptedParser();
    parser.end = deltas("[{\"reasoning\": \"Let\"}, {\"reasoning\": \" me see\"}, {\"content\": \"Hi\"}]");
    assertThat(new ChatGeneration(model, parser, ends, true).await().usage().reasoningTokens()).isEqualTo(2);
  }

  /** Finds a call in a text such as {@code call{"a": 1}}; two make the second one's name known. */
  private static final class CallParser implements ChatParser {
    private final StringBuilder read = new StringBuilder();

    @Override
    public Update update(String text, boolean last) {
      read.append(text);
      String[] calls = read.toString().split("call", -1);
      ObjectMapper json = new ObjectMapper();
      ArrayNode told = json.createArrayNode();
      for (int i = 0; i + 1 < calls.length; i++) {
        told.addObject().put("index", i).put("id", "").put("name", "f");
        told.addObject().put("index", i).put("arguments", calls[i + 1].strip());
      }
      return deltas(told.toString());
    }

    @Override
    public void close() {}
  }

  @ParameterizedTest
  @CsvSource({
    "'call|{\"a\":| 1}|\n|\n', 3",
    "'Hm |call|{}call|{\"b\"', 3",
    "'call|\n|\n|call|{', 4",
    "'call|{\"a\":| 1', -1",
    "'only text', -1"
  })
  void tokensUpToTheEndOfTheFirstCallAreCounted(String tokens, int expected) {
    TokenEnds ends = new TokenEnds();
    int end = 0;
    for (String token : tokens.split("\\|", -1)) {
      end += token.length();
      ends.add(end);
      model.text(token);
    }
    ScriptedParser silent = new ScriptedParser();
    ChatGeneration generation = new ChatGeneration(model.finish(FinishReason.LENGTH), silent, ends, true);
    generation.await();
    assertThat(generation.tokensOfFirstCall(CallParser::new).orElse(-1)).isEqualTo(expected);
  }

  @Test
  void tokensAreCountedThatHaveAPartOfAText() {
    TokenEnds ends = new TokenEnds();
    // A mark, two tokens of which the first ends within a character, one that has the end of the thinking and a mark,
    // and text.
    for (int end : new int[] {3, 3, 5, 9, 12}) {
      ends.add(end);
    }
    String answer = "<t>ab</t>xyz";
    assertThat(ends.within(3, 5)).isEqualTo(2);
    assertThat(ends.within(4, 6)).isEqualTo(2);
    assertThat(ends.within(0, 12)).isEqualTo(5);
    assertThat(ends.of(answer, List.of("ab", "z"))).isEqualTo(3);
    assertThat(ends.of(answer, List.of("another text that is much longer than all of this"))).isEqualTo(5);
    assertThat(ends.of(answer, List.of())).isZero();
  }
}
