package io.panallama.internal.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.TestFiles;
import io.panallama.config.ModelConfig;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.Natives;
import io.panallama.internal.llama.TokenizerCalls;
import io.panallama.testkit.RandomTexts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FewestTokensTest {
  static List<Path> vocabularies() throws IOException {
    try (Stream<Path> files = Files.list(TestFiles.llamaTestData().resolve("vocab"))) {
      return Stream.concat(
              files.filter(file -> file.toString().endsWith(".gguf")).sorted(), Stream.of(TestFiles.demoModel()))
          .toList();
    }
  }

  private static LoadedModel load(Path file) {
    Natives.load();
    ModelConfig config = ModelConfig.builder().vocabularyOnly(true).build();
    return new LoadedModel(ModelHandle.load(file, config), config);
  }

  /** A bound that is too high would refuse prompts that fit. */
  @ParameterizedTest
  @MethodSource("vocabularies")
  void noTextHasFewerTokens(Path file) {
    LoadedModel model = load(file);
    try {
      Random random = new Random(1);
      for (int done = 0; done < 300; done++) {
        String text =
            switch (done % 4) {
              case 0 -> repeated(model, random);
              case 1 -> spaces(random);
              default -> RandomTexts.text(random);
            };
        int[] tokens = TokenizerCalls.tokenize(model.handle(), text, false, true);
        assertThat(model.fewestTokens().of(text))
            .as("fewest tokens of \"%s\"", text)
            .isLessThanOrEqualTo(tokens.length);
      }
    } finally {
      model.release();
    }
  }

  /** A text of long tokens, which comes closest to the bound. */
  private static String repeated(LoadedModel model, Random random) {
    int[] tokens = new int[20];
    for (int i = 0; i < tokens.length; i++) {
      int best = random.nextInt(model.facts().size());
      for (int tries = 0; tries < 200; tries++) {
        int other = random.nextInt(model.facts().size());
        best = model.pieces().length(other) > model.pieces().length(best) ? other : best;
      }
      tokens[i] = best;
    }
    return TokenizerCalls.detokenize(model.handle(), tokens, false, true);
  }

  /** Runs of white space, some of which vocabularies have whole; U+2581 is SentencePiece's space. */
  private static String spaces(Random random) {
    StringBuilder text = new StringBuilder();
    for (int runs = 1 + random.nextInt(5); runs > 0; runs--) {
      text.repeat(" \t\n\r\u00a0\u2581\u2003a\u0000".charAt(random.nextInt(9)), 1 << random.nextInt(9));
    }
    return text.toString();
  }

  @Test
  void theDemoModelHasABound() throws IOException {
    LoadedModel model = load(TestFiles.demoModel());
    try {
      assertThat(model.fewestTokens().longestVisible()).isBetween(4, 64);
      assertThat(model.fewestTokens().of(" ".repeat(1_000_000))).isGreaterThan(5000);
    } finally {
      model.release();
    }
  }

  @Test
  void whiteSpaceDoesNotCount() {
    assertThat(FewestTokens.visibleBytes(" \t\r\n\u00a0\u2003\u2581\u3000\u0000\u007f\u0085")).isZero();
    assertThat(FewestTokens.visibleBytes("aé名\uD83D\uDE00")).isEqualTo(1 + 2 + 3 + 4);
    assertThat(FewestTokens.visibleBytes("\uD83D \uDE00")).as("halves become question marks").isEqualTo(2);
  }
}
