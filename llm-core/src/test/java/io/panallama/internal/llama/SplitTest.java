package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.TestFiles;
import io.panallama.bindings.NativeLibraries;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.testkit.Fuzzing;
import io.panallama.testkit.RandomTexts;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The bridge's tokenizers, which split texts without std::regex, against those in llama.cpp's own library.
 * */
@SuppressWarnings("restricted") // calls the library that the bridge is compared with
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

  /** {@code llama_tokenize} of llama.cpp's library: the bridge has its own. */
  private static MethodHandle original() {
    Natives.load();
    Path folder = NativeLibraries.loaded().orElseThrow().directory();
    try (Stream<Path> files = Files.list(folder)) {
      Path library =
          files.filter(file -> file.getFileName().toString().startsWith("libllama.")).findFirst().orElseThrow();
      return Linker.nativeLinker()
          .downcallHandle(
              SymbolLookup.libraryLookup(library, Arena.global()).findOrThrow("llama_tokenize"),
              FunctionDescriptor.of(
                  JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_BOOLEAN, JAVA_BOOLEAN));
    } catch (IOException unreadable) {
      throw new IllegalStateException(unreadable);
    }
  }

  private static final MethodHandle ORIGINAL = original();

  private static int[] original(ModelHandle model, byte[] text) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(Math.max(1, text.length));
      MemorySegment.copy(text, 0, source, JAVA_BYTE, 0, text.length);
      int capacity = 4 * text.length + 8;
      MemorySegment tokens = arena.allocate(JAVA_INT, capacity);
      int count = (int) ORIGINAL.invokeExact(model.vocabulary(), source, text.length, tokens, capacity, false, false);
      assertThat(count).isBetween(0, capacity);
      return tokens.asSlice(0, 4L * count).toArray(JAVA_INT);
    } catch (RuntimeException | Error failure) {
      throw failure;
    } catch (Throwable checked) {
      throw new IllegalStateException(checked);
    }
  }

  /** Null if the text is refused: llama.cpp throws or asserts on some texts, which are no UTF-8 or have special spaces. */
  private static int @Nullable [] ours(ModelHandle model, byte[] text) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(Math.max(1, text.length));
      MemorySegment.copy(text, 0, source, JAVA_BYTE, 0, text.length);
      int capacity = 4 * text.length + 8;
      MemorySegment tokens = arena.allocate(JAVA_INT, capacity);
      MemorySegment count = arena.allocate(JAVA_INT);
      ErrorText error = new ErrorText(arena);
      int status =
          LlamaCpp.panallama_tokenize(
              model.vocabulary(), source, text.length, false, false, tokens, capacity, count, error.slot());
      if (status != LlamaCpp.PANALLAMA_OK()) {
        assertThat(error.take()).containsAnyOf("invalid codepoint", "a space next to other white space");
        return null;
      }
      return tokens.asSlice(0, 4L * count.get(JAVA_INT, 0)).toArray(JAVA_INT);
    }
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
      int[] ours = ours(model, text);
      if (ours != null) {
        assertThat(ours)
            .as("tokens of %s under %s", HexFormat.of().formatHex(text), preTokenizer)
            .isEqualTo(original(model, text));
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
      ours(model, Arrays.copyOf(line, 1000));
      // Makes the peak what there is now.
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
      long before = peakKilobytes();
      assertThat(ours(model, line)).hasSizeBetween(200_000, 2_000_000);
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
