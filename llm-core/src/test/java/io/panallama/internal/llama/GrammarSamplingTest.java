package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.NativeRuntime;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.ModelConfig;
import io.panallama.demo.DemoModel;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * To ask the grammar about the chosen token first, and about the others by their beginnings, against llama.cpp's way: all
 * tokens at every step. What is likeliest of what is allowed has to be the same.
 */
@Timeout(120)
class GrammarSamplingTest {
  private static final int STEPS = 60;

  private static ModelHandle model;
  private static LogitRows rows;
  private static SamplingPool serial;

  @BeforeAll
  static void open() {
    NativeRuntime.natives();
    model = ModelHandle.load(DemoModel.extract(), ModelConfig.defaults());
    rows = new LogitRows(model, 2);
    serial = rows.pool(1);
  }

  @AfterAll
  static void close() {
    serial.close();
    rows.close();
    model.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "root ::= \"{\" [ \\n]* \"\\\"name\\\"\" \":\" [^\"\\\\]* \"\\\"\" [0-9]+ \"}\"",
        "root ::= ([a-z ]+ \".\")*",
        "root ::= [^a-z]*",
        "root ::= .*",
        "root ::= (\"größe\" | \"日本\" | \"🗼\")* \"e\"",
        "root ::= \"a\" root | \"b\"",
      })
  void theLikeliestOfWhatIsAllowedIsChosen(String gbnf) {
    Sampling sampling = Sampling.of(List.of(new Sampler.Grammar(gbnf, "root"), new Sampler.Greedy()), 1);
    Random random = new Random(7);
    try (SamplerChain ours = SamplerChain.create(model, sampling, new int[] {1});
        SamplerChain theirs = SamplerChain.create(model, sampling, new int[] {1})) {
      for (int step = 0; step < STEPS; step++) {
        float[] logits = new float[model.vocabularySize()];
        for (int token = 0; token < logits.length; token++) {
          boolean end = LlamaCpp.llama_vocab_is_eog(model.vocabulary(), token);
          logits[token] = end ? -1000 : (float) random.nextGaussian();
        }
        rows.put(0, logits);
        rows.put(1, logits);
        int token = rows.sample(List.of(ours), serial, 0).samples().getFirst().token();
        assertThat(token).as("step " + step).isEqualTo(rows.sampleByLlama(theirs, 1));
        if (LlamaCpp.llama_vocab_is_eog(model.vocabulary(), token)) {
          return;
        }
      }
    }
  }

  /**
   * What it costs to match does not grow with the number of values, only with what may come next: a digit of ten instead of
   * the only one.
   */
  @Test
  void tenThousandValuesCostATokenAtMostTwiceWhatTenDo() {
    List<String> values = IntStream.range(0, 10_000).mapToObj("value-%04d"::formatted).toList();
    double few = 0;
    double many = 0;
    for (int seed = 0; seed < 20; seed++) {
      few += effortPerToken(values.subList(10 * seed, 10 * seed + 10), seed);
      many += effortPerToken(values, seed);
    }
    assertThat(many).isLessThan(2 * few);
  }

  /** Almost any token may come next at first, and each that may is looked at: 20,000 units are about 0.1 ms. */
  @Test
  void tenThousandValuesThatHaveNothingInCommonFitIntoAStep() {
    List<String> values = words(10_000);
    for (int seed = 0; seed < 20; seed++) {
      assertThat(effortPerToken(values, seed)).isLessThan(20_000);
    }
  }

  private static List<String> words(int count) {
    Random random = new Random(1);
    Set<String> words = new LinkedHashSet<>();
    while (words.size() < count) {
      words.add(random.ints(12, 'a', 'z' + 1).mapToObj(Character::toString).collect(Collectors.joining()));
    }
    return List.copyOf(words);
  }

  private static double effortPerToken(List<String> values, int seed) {
    String gbnf = values.stream().collect(Collectors.joining("\" | \"", "root ::= \"[\" (\"", "\") \"]\""));
    Sampling sampling = Sampling.of(List.of(new Sampler.Grammar(gbnf, "root"), new Sampler.Greedy()), 1);
    Random random = new Random(seed);
    try (SamplerChain chain = SamplerChain.create(model, sampling, new int[] {1})) {
      long before = LlamaGrammar.effortSpent();
      for (int tokens = 1; ; tokens++) {
        float[] logits = new float[model.vocabularySize()];
        for (int token = 0; token < logits.length; token++) {
          logits[token] = (float) random.nextGaussian();
        }
        rows.put(0, logits);
        int token = rows.sample(List.of(chain), serial, 0).samples().getFirst().token();
        if (LlamaCpp.llama_vocab_is_eog(model.vocabulary(), token)) {
          return (double) (LlamaGrammar.effortSpent() - before) / tokens;
        }
      }
    }
  }
}
