package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.internal.llama.NativeInterruption;
import io.panallama.internal.llama.TokenizerCalls;
import io.panallama.vocabulary.VocabularyType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** Models with a vocabulary of BERT's kind: their texts become the tokens that Hugging Face's tokenizer gives. */
class WordPieceModelTest {
  private static final Path VOCABULARY = TestFiles.llamaTestData().resolve("vocab").resolve("ggml-vocab-bert-bge.gguf");

  private static Model load(Map<String, MetadataValue> metadata) {
    return Model.load(VOCABULARY, ModelConfig.builder().vocabularyOnly(true).metadata(metadata).build());
  }

  /** llama.cpp would give 2 unknown words for the first, and take the vowels from the second. */
  @Test
  void itsTokensAreHuggingFaces() {
    try (Model model = load(Map.of())) {
      Tokenizer tokenizer = model.tokenizer();
      assertThat(model.vocabulary().type()).isEqualTo(VocabularyType.WPM);
      assertThat(tokenizer.tokenize("a".repeat(101), false, false)).containsExactly(100);
      assertThat(tokenizer.tokenize("\uD55C\uAE00", true, false))
          .containsExactly(101, 1469, 30006, 30021, 29991, 30017, 30022, 102);
      assertThat(tokenizer.tokenize("[SEP]", false, false)).containsExactly(1031, 19802, 1033);
      assertThat(tokenizer.tokenize("[SEP]", false, true)).containsExactly(102);
    }
  }

  @Test
  void aPromptHasNoSpecialTokensInItsLiterals() {
    try (Model model = load(Map.of())) {
      byte[] prompt = "é[SEP]é[SEP]".getBytes(StandardCharsets.UTF_8);
      assertThat(model.tokenizer().tokenizePrompt(prompt, new int[] {7, 14}))
          .containsExactly(101, 1041, 102, 1041, 1031, 19802, 1033, 102);
    }
  }

  @Test
  void theConfigurationReplacesTheFilesSettings() {
    try (Model model = load(Map.of("tokenizer.ggml.normalizer.lowercase", MetadataValue.of(false)))) {
      assertThat(model.tokenizer().tokenize("Hello hello", false, false)).containsExactly(100, 7592);
    }
  }

  @Test
  void itTokenizesOnVirtualThreadsAndNotOnceItIsClosed() throws Exception {
    Model model = load(Map.of());
    FutureTask<int[]> task = new FutureTask<>(() -> model.tokenizer().tokenize("hello ".repeat(10_000), false, false));
    Thread.ofVirtual().start(task);
    int[] expected = new int[10_000];
    Arrays.fill(expected, 7592);
    assertThat(task.get()).isEqualTo(expected);
    model.close();
    assertThatThrownBy(() -> model.tokenizer().tokenize("hello", false, false))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void itEndsWhenNoOneWaitsAnyMore() {
    try (Model model = load(Map.of())) {
      NativeInterruption interruption = new NativeInterruption();
      interruption.request();
      assertThatThrownBy(
              () -> interruption.during(() -> TokenizerCalls.tokenize(model.handle(), "hello", false, false)))
          .isInstanceOf(CancellationException.class);
    }
  }
}
