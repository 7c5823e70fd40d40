package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.NativeRuntime;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.ModelConfig;
import io.panallama.demo.DemoModel;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.stream.Pieces;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Our matcher of grammars against llama.cpp's own, token by token: which tokens of the whole vocabulary may come next, and
 * which one is chosen after the likeliest has been refused. {@link Fuzzing} says how to run it for longer.
 *
 * <p>They differ on purpose in three ways, which are left out here: ours decodes UTF-8 strictly; it knows which characters
 * can still become of half a character where a class excludes some; and no answer ends within a character.
 */
@Timeout(value = 3, unit = TimeUnit.HOURS)
class GrammarParityTest {
  private static final int FEW = 200;
  private static final int STEPS = 12;

  private static ModelHandle model;
  private static Pieces pieces;
  private static LogitRows rows;
  private static SamplingPool serial;

  @BeforeAll
  static void open() {
    NativeRuntime.natives();
    model = ModelHandle.load(DemoModel.extract(), ModelConfig.defaults());
    pieces = model.pieces(model.vocabularyFacts());
    rows = new LogitRows(model, 1);
    serial = rows.pool(1);
  }

  @AfterAll
  static void close() {
    serial.close();
    rows.close();
    model.close();
  }

  @Test
  void bothAllowTheSameTokensOfRandomGrammars() {
    Random random = new Random(Fuzzing.seed());
    long began = System.nanoTime();
    int walks = 0;
    int steps = 0;
    for (int i = 0; Fuzzing.goesOn(i, FEW, began); i++) {
      boolean excluding = random.nextBoolean();
      String gbnf = new RandomGrammars(random, excluding).next();
      try (LlamaGrammar theirs = LlamaGrammar.compile(model, gbnf)) {
        if (theirs.compiled()) {
          walks++;
          steps += walk(gbnf, theirs, excluding, random);
        }
      }
    }
    assertThat(walks).isGreaterThan(FEW / 2);
    assertThat(steps).isGreaterThan(3 * FEW);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "root ::= \"\" | \"a\" root",
        "root ::= (\"a\" | \"ab\" | \"abc\" | \"b\")* \"z\"",
        "root ::= \"the\" | \"then\" | \"there\" | \"the\" | \"they\" | \"\" | \"\"",
        "root ::= x x x\nx ::= \"a\"? | \"b\"? | \"ab\" | \"ba\" | \"\"",
        "root ::= (\" \"?) root2\nroot2 ::= \"a\" root | \"b\"",
        "root ::= ((\"a\"?){0,3} \"b\"?){0,3}",
        "root ::= \"[\" (root (\",\" root)*)? \"]\"",
        "root ::= [a-zà-ÿ]{2,5} .",
        // Alternatives that are looked up by their first character: nested, repeated, one of them empty, beyond ASCII.
        "root ::= (\"a\" | \"b\" | \"c\" | \"d\" | \"\") (\"ab\" | \"ac\" | \"bd\" | \"cd\" | \"da\") \"e\"",
        "root ::= x+ x?\nx ::= \"the\" | \"a\" | \"in\" | \"on\" | \"to\" | \"too\" | \" \"",
        "root ::= x*\nx ::= \"ä\" | \"ö\" | \"日本\" | \"日\" | \"🗼\" | \"s\" x",
        "root ::= \"\\\"\" (\"one\" | \"once\" | \"two\" | \"three\" | \"four\" | \"five\") \"\\\"\"",
        "root ::= a | b | c | d\na ::= \"in\" \"to\"\nb ::= \"in\"\nc ::= \"in\" [a-z]\nd ::= \"inter\"",
      })
  void bothAllowTheSameTokensOf(String gbnf) {
    for (int seed = 0; seed < 5; seed++) {
      try (LlamaGrammar theirs = LlamaGrammar.compile(model, gbnf)) {
        assertThat(theirs.compiled()).isTrue();
        walk(gbnf, theirs, gbnf.contains("[^"), new Random(seed));
      }
    }
  }

  @Test
  void aGrammarOfTokensAllowsThoseTokens() {
    int token = token("the");
    int other = token("a");
    String gbnf = "root ::= <[%d]> \"in\" !<[%d]> <[%d]>".formatted(token, other, other);
    try (SamplerChain ours = chain(gbnf)) {
      assertThat(LlamaGrammar.allowed(ours, model.vocabularySize())).isEqualTo(only(token));
      choose(ours, token);
      assertThat(LlamaGrammar.allowed(ours, model.vocabularySize()).get(token("in"))).isTrue();
      assertThat(LlamaGrammar.allowed(ours, model.vocabularySize()).get(token)).isFalse();
      choose(ours, token("in"));
      BitSet excluding = LlamaGrammar.allowed(ours, model.vocabularySize());
      assertThat(excluding.get(other)).isFalse();
      assertThat(excluding.get(token)).isTrue();
      choose(ours, token);
      assertThat(LlamaGrammar.allowed(ours, model.vocabularySize())).isEqualTo(only(other));
    }
  }

  private static BitSet only(int token) {
    BitSet one = new BitSet();
    one.set(token);
    return one;
  }

  private static int token(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int token = 0; token < model.vocabularySize(); token++) {
      if (Arrays.equals(piece(token), bytes)) {
        return token;
      }
    }
    throw new AssertionError("no token is " + text);
  }

  private static byte[] piece(int token) {
    return Arrays.copyOfRange(pieces.bytes(), pieces.offset(token), pieces.offset(token) + pieces.length(token));
  }

  private static SamplerChain chain(String gbnf) {
    return SamplerChain.create(
        model, Sampling.of(List.of(new Sampler.Grammar(gbnf, "root"), new Sampler.Greedy()), 1), new int[0]);
  }

  /** Samples the token. */
  private static void choose(SamplerChain chain, int token) {
    float[] logits = new float[model.vocabularySize()];
    logits[token] = 1;
    rows.put(0, logits);
    assertThat(rows.sample(List.of(chain), serial, 0).samples().getFirst().token()).isEqualTo(token);
  }

  /** Follows one way through the grammar, and returns its length. */
  private static int walk(String gbnf, LlamaGrammar theirs, boolean excluding, Random random) {
    SamplerChain ours;
    try {
      ours = chain(gbnf);
    } catch (InvalidRequestException refused) {
      throw new AssertionError("llama.cpp compiles " + gbnf, refused);
    }
    try (ours) {
      Utf8State text = Utf8State.WHOLE;
      for (int step = 0; step < STEPS; step++) {
        BitSet comparable = comparable(text, excluding);
        BitSet expected = theirs.allowed();
        expected.and(comparable);
        BitSet allowed = LlamaGrammar.allowed(ours, model.vocabularySize());
        allowed.and(comparable);
        assertThat(allowed).as("step %d of %s", step, gbnf).isEqualTo(expected);
        if (expected.isEmpty()) {
          return step;
        }
        int token = likeliest(expected, comparable, ours, random, gbnf);
        if (pieces.endsGeneration(token)) {
          return step;
        }
        theirs.accept(token);
        text = text.after(piece(token));
      }
    }
    return STEPS;
  }

  /** Lets the bridge choose where the likeliest token is mostly a refused one; it must be the likeliest of the expected. */
  private static int likeliest(BitSet expected, BitSet comparable, SamplerChain ours, Random random, String gbnf) {
    float[] logits = new float[model.vocabularySize()];
    int likeliest = -1;
    for (int token = 0; token < logits.length; token++) {
      boolean end = LlamaCpp.llama_vocab_is_eog(model.vocabulary(), token);
      logits[token] = comparable.get(token) ? (float) random.nextGaussian() - (end ? 100 : 0) : -1000;
      if (expected.get(token) && (likeliest < 0 || logits[token] > logits[likeliest])) {
        likeliest = token;
      }
    }
    rows.put(0, logits);
    assertThat(rows.sample(List.of(ours), serial, 0).samples().getFirst().token()).as(gbnf).isEqualTo(likeliest);
    return likeliest;
  }

  /** The tokens about which both should be of one mind. */
  private static BitSet comparable(Utf8State text, boolean excluding) {
    BitSet tokens = new BitSet(model.vocabularySize());
    for (int token = 0; token < model.vocabularySize(); token++) {
      Utf8State after = pieces.endsGeneration(token) ? text : text.after(piece(token));
      tokens.set(
          token, after.equals(Utf8State.WHOLE) || after.isValid() && !excluding && !pieces.endsGeneration(token));
    }
    return tokens;
  }
}
