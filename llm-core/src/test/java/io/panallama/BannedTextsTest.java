package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Texts and tokens that must not come, of a model that says anything. */
@Timeout(120)
class BannedTextsTest {
  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults()));
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  private static String say(Sampling.Builder sampling, int seed) {
    GenerationOptions options =
        GenerationOptions.defaults()
            .withSampling(sampling.temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).build())
            .withMaxTokens(200);
    return engine.generate(new CompletionRequest(new Prompt.Text("Say", false), options)).await().text();
  }

  @Test
  void noBannedTextAppearsWhateverTheTokens() {
    Random random = new Random(3);
    for (int seed = 0; seed < 20; seed++) {
      String free = say(Sampling.builder(), seed);
      List<String> banned = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        int from = random.nextInt(free.length() - 4);
        banned.add(free.substring(from, from + 1 + random.nextInt(4)));
      }
      String held = say(Sampling.builder().banTexts(banned), seed);
      assertThat(held).as("seed %s without %s", seed, banned).doesNotContain(banned.toArray(String[]::new));
      assertThat(held).hasSizeGreaterThan(150);
    }
  }

  @Test
  void whatIsNotBannedIsUntouched() {
    assertThat(say(Sampling.builder().banTexts(List.of("\u00fc\u00fc\u00fc")), 5))
        .isEqualTo(say(Sampling.builder(), 5));
  }

  @Test
  void aGrammarAndABanHoldTogether() {
    Sampling.Builder sampling =
        Sampling.builder().grammar(new Sampler.Grammar("root ::= [a-d]{60}", "root")).banTexts(List.of("ab", "c"));
    String text = say(sampling, 8);
    assertThat(text).matches("[abd]{60}").doesNotContain("ab");
  }

  @Test
  void whatLeavesNothingIsAnError() {
    Sampling.Builder sampling =
        Sampling.builder().grammar(new Sampler.Grammar("root ::= \"abc\"", "root")).banTexts(List.of("bc"));
    assertThatThrownBy(() -> say(sampling, 8))
        .isInstanceOfSatisfying(
            GenerationException.class,
            failed -> assertThat(failed.reason()).isEqualTo(GenerationException.Reason.DECODE_FAILED))
        .hasMessageContaining("allow no token");
  }

  @Test
  void bannedTokensNeverCome() {
    String free = say(Sampling.builder(), 2);
    int[] tokens = model.tokenizer().tokenize(free, false, false);
    Set<Integer> letters = Set.of(tokens[3], tokens[9], tokens[20]);
    GenerationOptions options =
        GenerationOptions.defaults()
            .withSampling(Sampling.builder().banTokens(letters).seed(2).build())
            .withMaxTokens(200)
            .withTopLogprobs(1);
    try (Generation generation = engine.generate(new CompletionRequest(new Prompt.Text("Say", false), options))) {
      for (GenerationEvent event : generation) {
        if (event instanceof GenerationEvent.Text piece) {
          piece.logprobs().forEach(token -> assertThat(letters).doesNotContain(token.chosen().token()));
        }
      }
    }
  }

  @Test
  void emptyAndEndlessListsAreRefused() {
    assertThatThrownBy(() -> new Sampler.BannedTexts(List.of(""))).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> new Sampler.BannedTexts(List.of())).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> say(Sampling.builder().banTokens(List.of(-1)), 1))
        .isInstanceOf(InvalidRequestException.class);
  }
}
