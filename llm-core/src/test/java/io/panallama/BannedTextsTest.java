package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.Prompt;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
        GenerationOptions.builder()
            .sampling(sampling.temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).build())
            .maxTokens(200)
            .build();
    return engine.generate(CompletionRequest.of(new Prompt.Text("Say", false), options)).await().text();
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

  /** The refused ones were once added to it, beyond the largest int. */
  @Test
  void theLargestTopKIsAllTokens() {
    GenerationOptions options = GenerationOptions.builder().maxTokens(100).build();
    for (int seed = 0; seed < 5; seed++) {
      Sampling sampling =
          Sampling.builder()
              .banTexts(List.of("a", "e", "i", "o", "u", "n", "t"))
              .topK(Integer.MAX_VALUE)
              .temperature(2)
              .seed(seed)
              .build();
      CompletionRequest request =
          CompletionRequest.of(new Prompt.Text("Say", false), options.toBuilder().sampling(sampling).build());
      assertThat(engine.generate(request).await().text()).isNotEmpty().doesNotContainPattern("[aeiount]");
    }
  }

  @Test
  void whatTheFileSuppressesNeverComes() {
    List<String> letters = List.of("a", "e", "x", "7");
    TinySpec quiet = TinySpec.defaults().withSuppressed(letters);
    List<Sampling> samplings =
        List.of(
            Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(4).build(),
            Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(4).banTexts(List.of("zzz")).build(),
            Sampling.builder()
                .temperature(1.5f)
                .seed(4)
                .logitBias(Map.of(model.tokenizer().tokenize("a", false, false)[0], 90f))
                .build());
    try (Model other = Model.load(TinyModels.write(folder.resolve("quiet.gguf"), quiet));
        Engine suppressing = Engine.start(other, TestEngines.config())) {
      for (Sampling sampling : samplings) {
        assertThat(pieces(engine, sampling)).as("the same weights without the list").containsAnyElementsOf(letters);
        assertThat(pieces(suppressing, sampling)).hasSizeGreaterThan(100).doesNotContainAnyElementsOf(letters);
      }
    }
  }

  /** The texts of the tokens. */
  private static List<String> pieces(Engine from, Sampling sampling) {
    GenerationOptions options = GenerationOptions.builder().sampling(sampling).maxTokens(300).topLogprobs(1).build();
    List<String> pieces = new ArrayList<>();
    try (Generation generation = from.generate(CompletionRequest.of(new Prompt.Text("Say", false), options))) {
      for (GenerationEvent event : generation) {
        if (event instanceof GenerationEvent.Text piece) {
          for (TokenLogprobs token : piece.logprobs()) {
            pieces.add(new String(from.tokenBytes(token.chosen().token()), StandardCharsets.ISO_8859_1));
          }
        }
      }
    }
    return pieces;
  }

  @Test
  void errorsNameTheFieldThatIsWrong() {
    assertThatThrownBy(() -> say(Sampling.builder().banTexts(List.of("a\0b")), 1))
        .isInstanceOfSatisfying(
            InvalidRequestException.class,
            refused -> assertThat(refused.parameter()).isEqualTo("sampling.bannedTexts[0]"));
    Sampler.Dry dry = new Sampler.Dry(1, 2, 2, 64, List.of("\0"));
    assertThatThrownBy(() -> say(Sampling.builder().dry(dry), 1))
        .isInstanceOfSatisfying(
            InvalidRequestException.class,
            refused -> assertThat(refused.parameter()).isEqualTo("sampling.dry.breakers[0]"));
    assertThatThrownBy(() -> say(Sampling.builder().banTokens(List.of(99_999)), 1))
        .hasMessageContaining("sampling.bannedTokens names token 99999");
    assertThatThrownBy(() -> new Sampler.BannedTexts(List.of("")))
        .isInstanceOfSatisfying(
            InvalidRequestException.class,
            refused -> assertThat(refused.parameter()).isEqualTo("sampling.bannedTexts[0]"));
  }

  @Test
  void whatLeavesNothingIsAnError() {
    Sampling.Builder sampling =
        Sampling.builder().grammar(new Sampler.Grammar("root ::= \"abc\"", "root")).banTexts(List.of("bc"));
    assertThatThrownBy(() -> say(sampling, 8))
        .isInstanceOfSatisfying(
            GenerationException.class,
            failed -> assertThat(failed.reason()).isEqualTo(GenerationException.Reason.NO_TOKEN_LEFT))
        .hasMessageContaining("the grammar and the banned texts together leave no token");
  }

  @Test
  void bannedTokensNeverCome() {
    String free = say(Sampling.builder(), 2);
    int[] tokens = model.tokenizer().tokenize(free, false, false);
    Set<Integer> letters = Set.of(tokens[3], tokens[9], tokens[20]);
    GenerationOptions options =
        GenerationOptions.builder()
            .sampling(Sampling.builder().banTokens(letters).seed(2).build())
            .maxTokens(200)
            .topLogprobs(1)
            .build();
    try (Generation generation = engine.generate(CompletionRequest.of(new Prompt.Text("Say", false), options))) {
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
