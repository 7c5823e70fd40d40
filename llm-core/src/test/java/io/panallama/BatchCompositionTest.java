package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.KvLayout;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationEvent.Text;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Eight streams in one context against each of them alone, greedy.
 *
 * <p>llama.cpp takes other kernels for other batch sizes, so the last bits of the logits depend on what else is in the
 * batch. A stream may therefore take another token only where the two best logits lie within rounding of each other;
 * from there on the texts have nothing in common, and the comparison of that stream ends.
 */
@ParameterizedClass
@EnumSource(
    value = KvLayout.class,
    names = {"UNIFIED", "SPLIT"})
@Timeout(120)
class BatchCompositionTest {
  @Parameter private KvLayout layout;

  /**
   * In log-probability. Measured with this model (Q8_0, zen4, 40 questions alone and eight at a time, 2,300 tokens): the
   * log-probability of the chosen token moved by up to 0.04, and streams parted at margins of up to 0.02.
   */
  private static final float ROUNDING = 0.05f;

  private static final List<String> QUESTIONS =
      List.of(
          "Tell me a story about a llama",
          "Tell me a story about a brave fox",
          "What is 17 + 25?",
          "Write a poem about the sea",
          "Who are you?",
          "What is the capital of Peru?",
          "List five colours",
          "Tell me a joke");

  @Test
  void eightStreamsGiveWhatEachGivesAlone() {
    GenerationOptions options =
        GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(120).topLogprobs(2).build();
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine =
            Engine.start(model, TestEngines.config().toBuilder().kvLayout(layout).mailboxCapacity(4).build())) {
      List<List<TokenLogprobs>> alone = new ArrayList<>();
      for (String question : QUESTIONS) {
        alone.add(read(engine.generate(ChatRequest.of(question).with(options))));
      }
      List<Generation> running =
          QUESTIONS.stream().map(question -> engine.generate(ChatRequest.of(question).with(options))).toList();
      List<List<TokenLogprobs>> together = readInTurns(running);
      int compared = 0;
      for (int i = 0; i < running.size(); i++) {
        compared += compare(QUESTIONS.get(i), alone.get(i), together.get(i));
      }
      assertThat(compared).as("tokens compared").isGreaterThan(100);
      // They did run together: 8 streams took fewer steps than tokens.
      assertThat(engine.stats().steps()).isLessThan(engine.stats().generatedTokens());
      assertThat(engine.stats().promptNanos()).isPositive();
      assertThat(engine.stats().generationNanos()).isPositive();
    }
  }

  private static List<TokenLogprobs> read(Generation generation) {
    List<TokenLogprobs> tokens = new ArrayList<>();
    for (GenerationEvent event : generation) {
      if (event instanceof Text text) {
        tokens.addAll(text.logprobs());
      }
    }
    return tokens;
  }

  /** None gets ahead of the others by more than its mailbox, so they are computed together however fast they are. */
  private static List<List<TokenLogprobs>> readInTurns(List<Generation> generations) {
    List<List<TokenLogprobs>> tokens = new ArrayList<>();
    List<Iterator<GenerationEvent>> streams = new ArrayList<>();
    for (Generation generation : generations) {
      tokens.add(new ArrayList<>());
      streams.add(generation.iterator());
    }
    boolean more = true;
    while (more) {
      more = false;
      for (int i = 0; i < streams.size(); i++) {
        if (streams.get(i).hasNext()) {
          more = true;
          if (streams.get(i).next() instanceof Text text) {
            tokens.get(i).addAll(text.logprobs());
          }
        }
      }
    }
    return tokens;
  }

  private static int compare(String question, List<TokenLogprobs> alone, List<TokenLogprobs> together) {
    int length = Math.min(alone.size(), together.size());
    int same = 0;
    while (same < length && alone.get(same).chosen().token() == together.get(same).chosen().token()) {
      same++;
    }
    List<TokenLogprobs> longer = alone.size() > together.size() ? alone : together;
    if (same < longer.size()) { // the streams part: at another token, or at the end of one of them
      TokenLogprobs there = same < length ? alone.get(same) : longer.get(same);
      float margin = there.top().get(0).logprob() - there.top().get(1).logprob();
      assertThat(margin)
          .as("margin of the two best tokens at token %d of \"%s\", where the streams part", same, question)
          .isLessThan(ROUNDING);
    }
    return same;
  }
}
