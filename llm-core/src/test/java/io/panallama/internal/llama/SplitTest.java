package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.TestFiles;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.testkit.Fuzzing;
import io.panallama.testkit.RandomTexts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bridge's tokenizers, which split texts without std::regex, against those in llama.cpp's own library. */
class SplitTest {
  /** Of each pre-tokenizer of {@code llama-vocab.cpp}, a name that selects it. */
  private static final List<String> PRE_TOKENIZERS =
      List.of(
          "default",
          "minicpm5",
          "llama3",
          "deepseek-llm",
          "deepseek-coder",
          "deepseek-v3",
          "spark2_5",
          "youtu",
          "falcon",
          "mpt",
          "starcoder",
          "gpt-2",
          "jais-2",
          "gemma4",
          "sarvam-moe",
          "whitespace",
          "refact",
          "command-r",
          "qwen2",
          "qwen35",
          "stablelm2",
          "olmo",
          "dbrx",
          "smaug-bpe",
          "poro-chat",
          "chatglm-bpe",
          "viking",
          "jais",
          "tekken",
          "smollm",
          "codeshell",
          "bloom",
          "gpt3-finnish",
          "exaone",
          "exaone-moe",
          "chameleon",
          "minerva-7b",
          "gpt-4o",
          "granite-embed-multi-97m",
          "tiny_aya",
          "superbpe",
          "trillion",
          "granite-docling",
          "bailingmoe",
          "seed-coder",
          "hunyuan",
          "hunyuan-dense",
          "hy_v4",
          "joyai-llm",
          "kimi-k2",
          "ufakzeka",
          "grok-2",
          "afmoe",
          "laguna",
          "minimax-m2",
          "solar-open",
          "mellum2");

  private static final Path VOCABULARIES = TestFiles.llamaTestData().resolve("vocab");

  @BeforeAll
  static void loadLibrary() {
    Natives.load();
  }

  private static ModelHandle load(String preTokenizer) {
    return ModelHandle.load(
        VOCABULARIES.resolve("ggml-vocab-gpt-2.gguf"),
        ModelConfig.builder()
            .vocabularyOnly(true)
            .metadata(Map.of("tokenizer.ggml.pre", MetadataValue.of(preTokenizer)))
            .build());
  }

  @Test
  @Tag("fuzz")
  void splitsLikeLlamaCpp() {
    Random random = new Random(Fuzzing.seed());
    long began = System.nanoTime();
    for (int done = 0; Fuzzing.goesOn(done, PRE_TOKENIZERS.size(), began); done++) {
      String preTokenizer = PRE_TOKENIZERS.get(done % PRE_TOKENIZERS.size());
      ModelHandle model = load(preTokenizer);
      try {
        assertThat(compare(model, preTokenizer, random)).as("texts that %s takes", preTokenizer).isGreaterThan(10);
      } finally {
        model.close();
      }
    }
  }

  /** Compares a hundred texts, or as many of them as are not refused. */
  private static int compare(ModelHandle model, String preTokenizer, Random random) {
    int compared = 0;
    for (int i = 0; i < 100; i++) {
      byte[] text = RandomTexts.bytes(random);
      int[] ours = Tokenizers.ours(model, text, false, false);
      if (ours != null) {
        assertThat(ours)
            .as("tokens of %s under %s", HexFormat.of().formatHex(text), preTokenizer)
            .isEqualTo(Tokenizers.original(model, text, false, false));
        compared++;
      }
    }
    return compared;
  }

  /** What took std::regex 358 bytes of stack for each character, and the process with it. */
  @ParameterizedTest
  @ValueSource(strings = {"deepseek-llm", "gpt-4o", "tekken", "falcon", "qwen2", "llama3", "bloom"})
  @Timeout(120)
  void aLineOfTwoMegabytesTakesLittleMemory(String preTokenizer) throws IOException {
    byte[] line = new byte[2_000_000];
    Arrays.fill(line, (byte) 'a');
    for (int i = 0; i < line.length; i += 9) {
      line[i] = ' ';
    }
    ModelHandle model = load(preTokenizer);
    try {
      Tokenizers.ours(model, Arrays.copyOf(line, 1000), false, false);
      // Makes the peak what there is now.
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
      long before = peakKilobytes();
      assertThat(Tokenizers.ours(model, line, false, false)).hasSizeBetween(200_000, 2_000_000);
      System.out.println(preTokenizer + ": " + (peakKilobytes() - before) / 1024 + " MiB more at the peak");
      assertThat(peakKilobytes() - before).isLessThan(400 << 10);
    } finally {
      model.close();
    }
  }

  /** The most memory that this process has held at once. */
  private static long peakKilobytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElse(0);
  }

  @Test
  void theListHasEveryPreTokenizerOnce() {
    assertThat(PRE_TOKENIZERS).doesNotHaveDuplicates().hasSize(57);
  }
}
