package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationEvent.Text;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The same seed gives the same tokens: in another engine, and in the company of others as far as the logits are the same.
 *
 * <p>What else is in the batch moves the last bits of the logits. A draw then goes the other way only where it lies that near
 * the border of two tokens, which can be seen: the likeliest tokens are reported, so the interval of [0, 1) that stands for
 * each of them is known, and the same draw must lie in the interval of both.
 */
@Timeout(120)
class SeedTest {
  /** Probability by which the border of an interval may move; see the margins of {@link BatchCompositionTest}. */
  private static final double ROUNDING = 0.05;

  private static final int CANDIDATES = GenerationOptions.MAX_TOP_LOGPROBS;

  private static final List<String> QUESTIONS =
      List.of("Tell me a story", "Who are you?", "Write a poem about the sea", "Tell me a joke", "List five colours");

  private static ChatRequest request(String question, long seed) {
    List<Sampler> chain = List.of(new Sampler.TopK(CANDIDATES), new Sampler.Dist());
    return ChatRequest.of(question)
        .with(
            GenerationOptions.builder()
                .sampling(Sampling.of(chain, seed))
                .maxTokens(80)
                .topLogprobs(CANDIDATES)
                .build());
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

  private static List<Integer> ids(List<TokenLogprobs> tokens) {
    return tokens.stream().map(token -> token.chosen().token()).toList();
  }

  @Test
  void aSeedGivesTheSameTokensInEveryEngineAndAnotherSeedOthers() {
    List<List<Integer>> runs = new ArrayList<>();
    try (Model model = Model.load(TestFiles.demoModel())) {
      for (int run = 0; run < 2; run++) {
        try (Engine engine = Engine.start(model, TestEngines.config())) {
          runs.add(ids(read(engine.generate(request(QUESTIONS.getFirst(), 7)))));
        }
      }
      try (Engine engine = Engine.start(model, TestEngines.config())) {
        assertThat(ids(read(engine.generate(request(QUESTIONS.getFirst(), 8))))).isNotEqualTo(runs.getFirst());
      }
    }
    assertThat(runs.get(0)).hasSizeGreaterThan(20).isEqualTo(runs.get(1));
  }

  @Test
  void companyChangesADrawOnlyAtTheBorderOfTwoTokens() {
    int compared = 0;
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().mailboxCapacity(200).build())) {
      for (long seed = 1; seed <= 4; seed++) {
        List<List<TokenLogprobs>> alone = new ArrayList<>();
        for (String question : QUESTIONS) {
          alone.add(read(engine.generate(request(question, seed))));
        }
        List<Generation> together = new ArrayList<>();
        for (String question : QUESTIONS) {
          together.add(engine.generate(request(question, seed)));
        }
        for (int i = 0; i < together.size(); i++) {
          compared += compare(alone.get(i), read(together.get(i)));
        }
      }
    }
    assertThat(compared).as("tokens compared").isGreaterThan(500);
  }

  private static int compare(List<TokenLogprobs> alone, List<TokenLogprobs> together) {
    int length = Math.min(alone.size(), together.size());
    for (int i = 0; i < length; i++) {
      if (alone.get(i).chosen().token() != together.get(i).chosen().token()) {
        Interval one = interval(alone.get(i)).orElseThrow();
        Interval other = interval(together.get(i)).orElseThrow();
        assertThat(Math.max(one.from(), other.from()))
            .as("draws that can have chosen both %s and %s", one, other)
            .isLessThan(Math.min(one.to(), other.to()) + ROUNDING);
        return i;
      }
    }
    return length;
  }

  /** The draws that choose a token. */
  private record Interval(double from, double to) {}

  private static Optional<Interval> interval(TokenLogprobs token) {
    double all = token.top().stream().mapToDouble(one -> Math.exp(one.logprob())).sum();
    double sum = 0;
    for (TokenLogprob one : token.top()) {
      double next = sum + Math.exp(one.logprob()) / all;
      if (one.token() == token.chosen().token()) {
        return Optional.of(new Interval(sum, next));
      }
      sum = next;
    }
    return Optional.empty();
  }
}
