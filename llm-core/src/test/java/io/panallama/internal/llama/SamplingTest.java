package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.NativeRuntime;
import io.panallama.TestEngines;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.llama.LogitRows.Sampled;
import io.panallama.internal.llama.LogitRows.Step;
import io.panallama.request.GenerationOptions;
import io.panallama.request.StopConditions;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The bridge's sampling against llama.cpp's own, on rows of logits that the test writes. */
@Timeout(120)
class SamplingTest {
  /** Large enough for a shortlist of 144, and with it for top-k above 128, where llama.cpp sorts in another way. */
  private static final int VOCABULARY = 144 * 256;

  /** Its text is the longest there is. */
  private static final int IM_START = VOCABULARY - 2;

  private static final int ROWS = 32;

  @TempDir static Path folder;

  private static ModelHandle model;
  private static LogitRows rows;
  private static SamplingPool shared;
  private static SamplingPool serial;

  @BeforeAll
  static void open() {
    NativeRuntime.natives();
    TinySpec spec = TinySpec.defaults().withSize(1, 32, 1).withVocabulary(VOCABULARY).withContextLength(64);
    model = ModelHandle.load(TinyModels.write(folder.resolve("tiny.gguf"), spec), ModelConfig.defaults());
    rows = new LogitRows(model, ROWS);
    shared = rows.pool(LogitRows.THREADS);
    serial = rows.pool(1);
  }

  @AfterAll
  static void close() {
    shared.close();
    serial.close();
    rows.close();
    model.close();
  }

  /** A chain and the shortlist that it should have. */
  private record Kind(int shortlist, List<Sampler> chain) {}

  private static final Sampler.LogitBias DOWN =
      new Sampler.LogitBias(Map.of(0, -3f, 700, Float.NEGATIVE_INFINITY, 701, -0.5f, VOCABULARY - 1, -100f));
  private static final Sampler.Penalties PENALTIES = new Sampler.Penalties(64, 1.3f, 0.2f, 0.1f);
  private static final Sampler.Temperature WARM = new Sampler.Temperature(0.8f);

  private static final List<Kind> KINDS =
      List.of(
          new Kind(1, Sampling.greedy().chain()),
          new Kind(40, Sampling.defaults().chain()),
          new Kind(44, Sampling.builder().logitBias(DOWN.bias()).build().chain()),
          new Kind(5, List.of(DOWN, new Sampler.Greedy())),
          new Kind(104, Sampling.builder().repeatPenalty(1.3f).frequencyPenalty(0.5f).build().chain()),
          new Kind(65, List.of(PENALTIES, new Sampler.Greedy())),
          new Kind(140, List.of(new Sampler.TopK(140), WARM, new Sampler.Dist())),
          new Kind(98, List.of(PENALTIES, DOWN, WARM, new Sampler.TopK(30), new Sampler.Dist())),
          new Kind(
              30,
              List.of(
                  new Sampler.Temperature(1.7f),
                  new Sampler.TopK(30),
                  new Sampler.Typical(0.9f, 1),
                  new Sampler.Xtc(0.5f, 0.1f, 1),
                  new Sampler.Dist())),
          new Kind(20, List.of(new Sampler.TopK(20), WARM, new Sampler.MirostatV2(5, 0.1f))),
          new Kind(100, List.of(new Sampler.TopK(100), new Sampler.TopP(0.9f, 5), new Sampler.Dist())),
          // Larger than what is worth a shortlist here.
          new Kind(1000, List.of(new Sampler.TopK(1000), WARM, new Sampler.Dist())),
          // All tokens.
          new Kind(0, List.of(new Sampler.MinP(0.1f, 1), WARM, new Sampler.Dist())),
          new Kind(0, List.of(new Sampler.LogitBias(Map.of(3, 4f)), new Sampler.TopK(40), new Sampler.Dist())),
          new Kind(0, List.of(new Sampler.Penalties(64, 0.8f, 0, 0), new Sampler.TopK(40), new Sampler.Dist())),
          new Kind(0, List.of(new Sampler.Temperature(0), new Sampler.TopK(40), new Sampler.Dist())));

  private static List<SamplerChain> chains(List<Kind> kinds, int count) {
    List<SamplerChain> chains = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Sampling sampling = Sampling.of(kinds.get(i % kinds.size()).chain(), 1000 + i);
      chains.add(SamplerChain.create(model, sampling, new int[] {1, 700, 5, 5, 5, VOCABULARY - 1}));
    }
    return chains;
  }

  /** Rows of many shapes; most of them hold equal logits, some almost nothing else. */
  private static float[] row(Random random, int shape) {
    float[] row = new float[VOCABULARY];
    for (int i = 0; i < row.length; i++) {
      float normal = (float) random.nextGaussian() * 3;
      row[i] =
          switch (shape) {
            case 0 -> normal;
            case 1 -> Math.round(normal * 4) / 4f;
            case 2 -> random.nextInt(3);
            case 3 -> i / 1000;
            case 4 -> -i / 1000;
            case 5 -> random.nextInt(2000) == 0 ? normal : Float.NEGATIVE_INFINITY;
            case 6 -> random.nextInt(2) == 0 ? -0f : 0f;
            default -> i < VOCABULARY / 2 ? -20 + normal : (i % 97 == 0 ? 8 + Math.round(normal) : normal);
          };
    }
    return row;
  }

  private static final int SHAPES = 8;

  @Test
  void whatAChainNeedsToSeeFollowsFromItsStages() {
    for (Kind kind : KINDS) {
      assertThat(SamplerChain.shortlist(kind.chain())).as("%s", kind.chain()).isEqualTo(kind.shortlist());
    }
    Sampler.TopK huge = new Sampler.TopK(Integer.MAX_VALUE);
    assertThat(SamplerChain.shortlist(List.of(PENALTIES, huge, new Sampler.Dist()))).isZero();
  }

  @Test
  void tokensAreThoseOfLlamaCppWhateverTheChainTheRowAndTheThreads() {
    List<SamplerChain> expected = chains(KINDS, ROWS);
    List<SamplerChain> alone = chains(KINDS, ROWS);
    List<SamplerChain> parallel = chains(KINDS, ROWS);
    try {
      Random random = new Random(42);
      for (int step = 0; step < 64; step++) {
        for (int i = 0; i < ROWS; i++) {
          rows.put(i, row(random, random.nextInt(SHAPES)));
        }
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
          tokens.add(rows.sampleByLlama(expected.get(i), i));
        }
        assertThat(tokens(rows.sample(alone, serial, 0))).as("step %d", step).isEqualTo(tokens);
        assertThat(tokens(rows.sample(parallel, shared, 0))).as("step %d, parallel", step).isEqualTo(tokens);
      }
    } finally {
      Stream.of(expected, alone, parallel).flatMap(List::stream).forEach(SamplerChain::close);
    }
  }

  private static List<Integer> tokens(Step step) {
    assertThat(step.error()).isEmpty();
    return step.samples().stream().map(Sampled::token).toList();
  }

  private static Sampling.Builder banning(int tokens) {
    return Sampling.builder().banTokens(IntStream.range(0, tokens).boxed().toList());
  }

  @Test
  void aBiasOfManyTokensIsTakenWhereEachIsFoundAtOnceOnly() {
    int most = Sampler.MAX_SEARCHED_BIASES;
    Sampler.Grammar grammar = new Sampler.Grammar("root ::= [a-z]*", "root");
    AnswerConstraint format = AnswerConstraint.ofGrammar("format", "root ::= [a-z]*");
    GenerationOptions options = GenerationOptions.defaults();
    SamplerChain.create(model, banning(VOCABULARY - 1).build(), new int[0]).close();
    SamplerChain.create(model, banning(most).grammar(grammar).build(), new int[0], format, options).close();
    List<Sampler> late = new ArrayList<>(List.of(new Sampler.TopP(0.9f, 1)));
    late.addAll(banning(most + 1).build().chain());
    for (Sampling sampling :
        List.of(
            banning(most + 1).grammar(grammar).build(),
            banning(most + 1).banTexts(List.of("x")).build(),
            Sampling.of(late, 1))) {
      assertRefused("sampling.logitBias", () -> SamplerChain.create(model, sampling, new int[0]));
    }
    assertRefused(
        "sampling.logitBias", () -> SamplerChain.create(model, banning(most + 1).build(), new int[0], format, options));
  }

  private static void assertRefused(String parameter, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            InvalidRequestException.class, refused -> assertThat(refused.parameter()).isEqualTo(parameter))
        .hasMessageContaining("at most 1024");
  }

  @Test
  void aCompleteGrammarEndsEvenAnAnswerWithoutEnd() {
    Sampling.Builder endless = Sampling.builder().temperature(0).ignoreEnd(true);
    AnswerConstraint format = AnswerConstraint.ofGrammar("format", "root ::= \"x\"");
    GenerationOptions options = GenerationOptions.builder().stop(StopConditions.builder().minTokens(9).build()).build();
    float[] row = new float[VOCABULARY];
    model.ends().forEach(end -> row[end] = 9);
    rows.put(0, row);
    try (SamplerChain free = SamplerChain.create(model, endless.build(), new int[0]);
        SamplerChain formatted = SamplerChain.create(model, endless.build(), new int[0], format, options);
        SamplerChain grammar =
            SamplerChain.create(
                model, endless.grammar(new Sampler.Grammar("root ::= \"x\"", "root")).build(), new int[0])) {
      assertThat(model.ends()).isNotEmpty().doesNotContain(tokens(rows.sample(List.of(free), serial, 0)).getFirst());
      for (SamplerChain chain : List.of(formatted, grammar)) {
        assertThat(tokens(rows.sample(List.of(chain), serial, 0))).containsExactly((int) 'x');
        assertThat(model.ends()).containsAll(tokens(rows.sample(List.of(chain), serial, 0)));
      }
    }
  }

  /** Overflow makes numbers of which a draw takes any: the last one, which may be masked, or none. */
  @Test
  void numbersThatOverflowAreTheRequestsFaultWhateverIsChosen() {
    Sampler.LogitBias ban = new Sampler.LogitBias(Map.of(VOCABULARY - 1, Float.NEGATIVE_INFINITY));
    float max = Float.MAX_VALUE;
    List<List<Sampler>> extremes =
        List.of(
            Collections.nCopies(20, new Sampler.Temperature(1e-5f)),
            List.of(new Sampler.Temperature(max)),
            List.of(new Sampler.Temperature(Float.MIN_VALUE)),
            List.of(new Sampler.LogitBias(Map.of(5, max, 6, max)), new Sampler.Temperature(0.5f)),
            List.of(new Sampler.Penalties(64, 1, -max, -max)),
            List.of(new Sampler.Penalties(64, 1, max, max)),
            List.of(new Sampler.Penalties(64, Float.MIN_VALUE, 0, 0)),
            List.of(new Sampler.Penalties(64, max, 0, 0)),
            List.of(new Sampler.DynamicTemperature(max, max, max)),
            List.of(new Sampler.DynamicTemperature(0, max, Float.MIN_VALUE)),
            List.of(new Sampler.Dry(max, max, 0, 64, List.of())),
            List.of(new Sampler.Xtc(1, 0, 0), new Sampler.Xtc(1, 0, 0)),
            List.of(new Sampler.TopNSigma(max)),
            List.of(new Sampler.TopNSigma(Float.MIN_VALUE)),
            List.of(new Sampler.Typical(0, 0), new Sampler.TopP(0, 0), new Sampler.MinP(1, 0)));
    List<Sampler> lasts =
        List.of(
            new Sampler.Dist(),
            new Sampler.Greedy(),
            new Sampler.Mirostat(max, max, 1),
            new Sampler.Mirostat(Float.MIN_VALUE, max, Integer.MAX_VALUE),
            new Sampler.MirostatV2(max, max),
            new Sampler.MirostatV2(Float.MIN_VALUE, Float.MIN_VALUE),
            new Sampler.AdaptiveP(1, 0.99f),
            new Sampler.AdaptiveP(0, 0));
    Random random = new Random(11);
    int refused = 0;
    for (List<Sampler> extreme : extremes) {
      for (Sampler last : lasts) {
        List<Sampler> chain = new ArrayList<>(List.of(ban));
        chain.addAll(extreme);
        chain.add(last);
        try (SamplerChain made = SamplerChain.create(model, Sampling.of(chain, 1), new int[] {5, 5, 6, 7})) {
          for (int step = 0; step < 3; step++) {
            rows.put(0, row(random, 0));
            Sampled sampled = rows.sample(List.of(made), serial, 0).samples().getFirst();
            assertThat(sampled.status()).as("%s", chain).isIn(LlamaCpp.PANALLAMA_OK(), LlamaCpp.PANALLAMA_INVALID());
            refused += sampled.status() == LlamaCpp.PANALLAMA_OK() ? 0 : 1;
          }
        }
      }
    }
    assertThat(refused).isPositive();
  }

  /** Infill compares each candidate with every other: of the whole vocabulary that would take minutes. */
  @Test
  void infillSeesFewCandidatesWhateverIsInFrontOfIt() {
    List<List<Sampler>> chains = new ArrayList<>();
    for (List<Sampler> front :
        List.<List<Sampler>>of(List.of(), List.of(new Sampler.TopK(30_000)), List.of(new Sampler.TopK(20)))) {
      List<Sampler> chain = new ArrayList<>(List.of(new Sampler.NoEnd()));
      chain.addAll(front);
      chain.addAll(List.of(new Sampler.Infill(), new Sampler.Dist()));
      chains.add(chain);
    }
    for (List<Sampler> chain : chains) {
      try (SamplerChain made = SamplerChain.create(model, Sampling.of(chain, 1), new int[0])) {
        rows.put(0, new float[VOCABULARY]);
        assertThat(rows.sample(List.of(made), serial, 0).error()).isEmpty();
      }
    }
  }

  @Test
  void logProbabilitiesAreTheSameOnOtherThreads() {
    List<SamplerChain> alone = chains(KINDS, ROWS);
    List<SamplerChain> parallel = chains(KINDS, ROWS);
    try {
      Random random = new Random(7);
      for (int i = 0; i < ROWS; i++) {
        rows.put(i, row(random, i % SHAPES));
      }
      Step step = rows.sample(alone, serial, 5);
      assertThat(step.samples()).allSatisfy(sample -> assertThat(sample.top()).hasSize(5));
      assertThat(rows.sample(parallel, shared, 5)).isEqualTo(step);
    } finally {
      Stream.of(alone, parallel).flatMap(List::stream).forEach(SamplerChain::close);
    }
  }

  @Test
  void aFailureOnAnotherThreadLeavesTheOthersAlone() {
    int broken = 9;
    int infinite = 18;
    int missing = 23;
    int masked = 27;
    List<Kind> kinds = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      kinds.add(KINDS.get(i % KINDS.size()));
    }
    List<Sampler> grammar = List.of(new Sampler.Grammar("root ::= \"x\"", "root"), new Sampler.Dist());
    kinds.set(masked, new Kind(0, grammar));
    List<SamplerChain> expected = chains(kinds, ROWS);
    List<SamplerChain> parallel = chains(kinds, ROWS);
    try {
      Random random = new Random(3);
      int[] outputs = new int[ROWS];
      for (int i = 0; i < ROWS; i++) {
        float[] row = row(random, i % SHAPES);
        if (i == broken) {
          row[VOCABULARY - 2] = Float.NaN;
        } else if (i == infinite) {
          row[VOCABULARY / 2] = Float.POSITIVE_INFINITY;
        } else if (i == masked) {
          Arrays.fill(row, Float.NEGATIVE_INFINITY);
          row['y'] = 1; // the first 256 tokens are the bytes; the grammar asks for another one
        }
        rows.put(i, row);
        outputs[i] = i == missing ? ROWS + 5 : i;
      }
      for (int repetition = 0; repetition < 20; repetition++) {
        Step step = rows.sample(parallel, outputs, shared, 0);
        assertThat(step.failed()).isEqualTo(4);
        assertThat(step.error()).contains("NaN or infinity");
        for (int i = 0; i < ROWS; i++) {
          Sampled sample = step.samples().get(i);
          if (i == broken || i == infinite || i == masked || i == missing) {
            assertThat(sample.status()).as("sample %d", i).isNotEqualTo(LlamaCpp.PANALLAMA_OK());
            assertThat(sample.token()).as("sample %d", i).isEqualTo(-1);
          } else {
            assertThat(sample.token()).as("sample %d", i).isEqualTo(rows.sampleByLlama(expected.get(i), i));
          }
        }
      }
      // The text is that of the first failure in the order of the samples, whichever thread came upon one first.
      assertThat(rows.sample(parallel.subList(masked, masked + 1), new int[] {masked}, serial, 0).error())
          .isEqualTo("the grammar allows no token of the vocabulary here");
    } finally {
      Stream.of(expected, parallel).flatMap(List::stream).forEach(SamplerChain::close);
    }
  }

  @Test
  void aShortlistFindsNaNAndInfinityWhereverTheyAre() {
    List<SamplerChain> chains = chains(KINDS.subList(0, 2), ROWS);
    int[] places = {0, 1, 39, 40, 41, 103, 104, VOCABULARY / 2, VOCABULARY - 2, VOCABULARY - 1};
    try {
      Random random = new Random(5);
      for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        for (int place : places) {
          for (int i = 0; i < 2 * SHAPES; i++) {
            float[] row = row(random, i / 2);
            row[place] = bad;
            rows.put(i, row);
          }
          Step step = rows.sample(chains.subList(0, 2 * SHAPES), serial, 0);
          assertThat(step.failed()).as("%f at %d", bad, place).isEqualTo(2 * SHAPES);
        }
      }
    } finally {
      chains.forEach(SamplerChain::close);
    }
  }

  @Test
  void aRowOfNothingButMaskedTokensFailsWithAndWithoutAShortlist() {
    float[] row = new float[VOCABULARY];
    Arrays.fill(row, Float.NEGATIVE_INFINITY);
    List<SamplerChain> chains = chains(KINDS, KINDS.size());
    try {
      for (int i = 0; i < KINDS.size(); i++) {
        rows.put(i, row);
      }
      assertThat(rows.sample(chains, shared, 0).failed()).isEqualTo(KINDS.size());
    } finally {
      chains.forEach(SamplerChain::close);
    }
  }

  @Test
  void aPoolLeavesTheThreadsToOthers() {
    List<SamplerChain> chains = chains(KINDS, ROWS);
    try {
      Random random = new Random(1);
      for (int i = 0; i < ROWS; i++) {
        rows.put(i, row(random, i % SHAPES));
      }
      rows.pool(LogitRows.THREADS).close();
      try (SamplingPool other = rows.pool(LogitRows.THREADS)) {
        assertThat(rows.sample(chains, other, 0).failed()).isZero();
      }
      assertThat(rows.sample(chains, shared, 0).failed()).isZero();
    } finally {
      chains.forEach(SamplerChain::close);
    }
  }

  /**
   * Until a lazy grammar applies, llama.cpp searches all of the answer by std::regex, which recurses for every character: on
   * the engine's stack there is room for that, on those of ggml's threads there is not.
   */
  @Test
  void aLazyGrammarIsSampledOnTheEnginesStack() throws InterruptedException {
    EngineConfig config =
        TestEngines.config().toBuilder()
            .slots(2)
            .contextSize(64)
            .batchSize(64)
            .microBatchSize(64)
            .threads(LogitRows.THREADS)
            .batchThreads(LogitRows.THREADS)
            .build();
    Sampling sampling =
        Sampling.of(
            List.of(
                new Sampler.LazyGrammar("root ::= \"x\"", "root", List.of("^(.|\\n)*never this"), List.of()),
                new Sampler.Dist()),
            1);
    List<Integer> sampled = new ArrayList<>();
    Thread engine =
        new Thread(
            null,
            () -> {
              try (NativeDecoder decoder = NativeDecoder.create(model, config);
                  SamplerChain one = longAnswer(sampling);
                  SamplerChain other = longAnswer(sampling)) {
                int first = decoder.batch().addToken(40, 0, 0, true);
                int second = decoder.batch().addToken(41, 0, 1, true);
                assertThat(decoder.decode()).isEqualTo(Decoder.Status.OK);
                decoder.outputs().addSample(one, first, 0);
                decoder.outputs().addSample(other, second, 0);
                decoder.outputs().sample();
                sampled.add(decoder.outputs().sampledToken(0));
                sampled.add(decoder.outputs().sampledToken(1));
              }
            },
            "engine",
            64L << 20);
    engine.start();
    engine.join();
    assertThat(sampled).hasSize(2).allMatch(token -> token >= 0);
  }

  /** A chain that has seen 16,000 characters. */
  private static SamplerChain longAnswer(Sampling sampling) {
    SamplerChain chain = SamplerChain.create(model, sampling, new int[0]);
    int[] tokens = new int[16_000 / "<|im_start|>".length() + 1];
    Arrays.fill(tokens, IM_START);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment shown = arena.allocateFrom(JAVA_INT, tokens);
      assertThat(LlamaCpp.panallama_sampler_accept(chain.pointer(), shown, tokens.length, MemorySegment.NULL))
          .isEqualTo(LlamaCpp.PANALLAMA_OK());
    }
    return chain;
  }
}
