package io.panallama.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.generation.Usage;
import io.panallama.request.StreamFlush;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Text in words and sentences, whatever the pieces it comes in. */
class FlushedGenerationTest {
  private static final List<String> PARTS =
      List.of(
          "Hello",
          "can't",
          "3.14",
          "1,000",
          "foo_bar",
          "x.y",
          "e\u0301te\u0301",
          "na\u0308ive",
          " ",
          " ",
          " ",
          "  ",
          "\n",
          "\n\n",
          ". ",
          ", ",
          "! ",
          "? ",
          "...",
          "\"",
          "'",
          ")",
          "Mr.",
          "e.g.",
          "\uD83D\uDC69\u200D\uD83D\uDC67",
          "\uD83D\uDC4D\uD83C\uDFFD",
          "\uD83C\uDDF5\uD83C\uDDEA",
          "\uD83C\uDDE9\uD83C\uDDEA",
          "\u4F60\u597D\u4E16\u754C",
          "\u3002",
          "\u30AB\u30BF\u30AB\u30CA",
          "\u3053\u308C\u306F",
          "\u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35",
          "\u0E04\u0E23\u0E31\u0E1A",
          "\uD55C\uAD6D\uC5B4",
          "\u05E9\u05DC\u05D5\u05DD",
          "\u0645\u0631\u062D\u0628\u0627",
          "a",
          "B",
          "7",
          "\u0301",
          "\u200D",
          "-",
          "\u00AD",
          "\u2014");

  /** Plays events, then the end or a failure. */
  private static final class Script implements Generation {
    private final Deque<GenerationEvent> events;
    private final boolean fails;

    Script(List<GenerationEvent> events, boolean fails) {
      this.events = new ArrayDeque<>(events);
      this.fails = fails;
    }

    @Override
    public long id() {
      return 1;
    }

    @Override
    public Optional<GenerationEvent> poll(Duration timeout) {
      if (events.isEmpty() && fails) {
        throw new GenerationException(GenerationException.Reason.DECODE_FAILED, "over", null);
      }
      return Optional.ofNullable(events.poll());
    }

    @Override
    public void cancel() {}

    @Override
    public void close() {}
  }

  private static GenerationEvent.Finished end() {
    return new GenerationEvent.Finished(
        FinishReason.STOP, new Usage(1, 0, 1, 0), new Timings(Duration.ZERO, Duration.ZERO, Duration.ZERO));
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(40); i >= 0; i--) {
      text.append(PARTS.get(random.nextInt(PARTS.size())));
    }
    return text.toString();
  }

  /** As tokens come: of one to six characters, never half of one. */
  private static List<GenerationEvent> pieces(String text, Random random) {
    List<GenerationEvent> pieces = new ArrayList<>();
    int from = 0;
    while (from < text.length()) {
      int to = Math.min(text.length(), from + 1 + random.nextInt(6));
      if (to < text.length() && Character.isLowSurrogate(text.charAt(to))) {
        to++;
      }
      TokenLogprobs token = new TokenLogprobs(new TokenLogprob(from, -1), List.of());
      pieces.add(new GenerationEvent.Text(text.substring(from, to), List.of(token)));
      from = to;
    }
    return pieces;
  }

  @ParameterizedTest
  @EnumSource(StreamFlush.class)
  void piecesAreWholeAndBordersAreThoseOfTheWholeText(StreamFlush flush) {
    Random random = new Random(11);
    TextBorders borders = new TextBorders(flush);
    int several = 0;
    for (int round = 0; round < 2000; round++) {
      String text = text(random);
      List<GenerationEvent> script = pieces(text, random);
      int tokens = script.size();
      script.add(end());
      StringBuilder all = new StringBuilder();
      int seen = 0;
      for (GenerationEvent event : FlushedGeneration.of(new Script(script, false), flush)) {
        if (event instanceof GenerationEvent.Text piece) {
          all.append(piece.text());
          seen += piece.logprobs().size();
          several++;
          assertThat(all.length() == text.length() || borders.isBorder(text, all.length()))
              .as("round %d: \"%s\" ends at %d of \"%s\"", round, piece.text(), all.length(), text)
              .isTrue();
        }
      }
      assertThat(all.toString()).isEqualTo(text);
      assertThat(seen).isEqualTo(tokens);
    }
    assertThat(several).isGreaterThan(4_000);
  }

  private static List<String> words(StreamFlush flush, String... pieces) {
    List<GenerationEvent> script = new ArrayList<>();
    for (String piece : pieces) {
      script.add(new GenerationEvent.Text(piece, List.of()));
    }
    script.add(end());
    List<String> out = new ArrayList<>();
    for (GenerationEvent event : FlushedGeneration.of(new Script(script, false), flush)) {
      if (event instanceof GenerationEvent.Text piece) {
        out.add(piece.text());
      }
    }
    return out;
  }

  @Test
  void wordsComeWhole() {
    assertThat(words(StreamFlush.WORD, "Hel", "lo", " wor", "ld, can", "'t", " we", "?"))
        .containsExactly("Hello ", "world, ", "can't ", "we?");
  }

  @Test
  void sentencesComeWhole() {
    assertThat(words(StreamFlush.SENTENCE, "Hello", " there. I", " am 3", ".1", "4. Bye", "."))
        .containsExactly("Hello there. ", "I am 3.14. ", "Bye.");
  }

  @Test
  void aWordWithoutEndDoesNotWaitForEver() {
    String[] pieces = new String[TextBorders.MAX_HELD];
    java.util.Arrays.fill(pieces, "aa");
    List<String> out = words(StreamFlush.WORD, pieces);
    assertThat(String.join("", out)).isEqualTo("aa".repeat(pieces.length));
    assertThat(out).allSatisfy(piece -> assertThat(piece.length()).isLessThanOrEqualTo(TextBorders.MAX_HELD + 2));
  }

  @Test
  void whatIsHeldComesBeforeOtherEventsAndBeforeAFailure() {
    List<GenerationEvent> script =
        List.of(
            new GenerationEvent.Reasoning("I thi"),
            new GenerationEvent.Reasoning("nk so"),
            new GenerationEvent.Text("We", List.of()),
            new GenerationEvent.ToolCallStarted(0, "id", "name"),
            new GenerationEvent.Text("ll", List.of()));
    Generation generation = FlushedGeneration.of(new Script(script, true), StreamFlush.WORD);
    List<GenerationEvent> seen = new ArrayList<>();
    assertThatThrownBy(() -> generation.forEach(seen::add)).isInstanceOf(GenerationException.class);
    assertThat(seen)
        .containsExactly(
            new GenerationEvent.Reasoning("I "),
            new GenerationEvent.Reasoning("think "),
            new GenerationEvent.Reasoning("so"),
            new GenerationEvent.Text("We", List.of()),
            new GenerationEvent.ToolCallStarted(0, "id", "name"),
            new GenerationEvent.Text("ll", List.of()));
  }

  @Test
  void readingToTheEndGivesAll() {
    List<GenerationEvent> script =
        List.of(new GenerationEvent.Text("One two", List.of()), new GenerationEvent.Text("three", List.of()), end());
    Generation generation = FlushedGeneration.of(new Script(script, false), StreamFlush.SENTENCE);
    assertThat(generation.await().text()).isEqualTo("One twothree");
  }
}
