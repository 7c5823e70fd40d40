package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every vocabulary of the pinned llama.cpp that comes with golden files, against those files. */
class TokenizerGoldenTest {
  private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

  private record Golden(String text, int[] tokens) {}

  static List<String> vocabularies() throws IOException {
    try (Stream<Path> files = Files.list(TestFiles.llamaTestData().resolve("vocab"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".gguf.inp"))
          .map(name -> name.substring(0, name.length() - ".gguf.inp".length()))
          .sorted()
          .toList();
    }
  }

  @Test
  void thereAreGoldenFiles() throws IOException {
    assertThat(vocabularies()).hasSizeGreaterThanOrEqualTo(14);
  }

  @ParameterizedTest
  @MethodSource("vocabularies")
  void agreesWithTheGoldenFile(String name) throws IOException {
    try (Model model = load(name)) {
      for (Golden golden : read(name)) {
        assertThat(model.tokenizer().tokenize(golden.text(), false, false))
            .as("tokens of \"%s\"", golden.text())
            .isEqualTo(golden.tokens());
      }
    }
  }

  @Test
  void manyThreadsTokenizeWithOneModel() throws Exception {
    List<Golden> goldens = read("ggml-vocab-llama-bpe");
    try (Model model = load("ggml-vocab-llama-bpe");
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Void>> tasks = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        tasks.add(() -> {
          for (Golden golden : goldens) {
            assertThat(model.tokenizer().tokenize(golden.text(), false, false)).isEqualTo(golden.tokens());
          }
          return null;
        });
      }
      for (var result : threads.invokeAll(tasks)) {
        result.get();
      }
    }
  }

  private static Model load(String name) {
    return Model.load(
        TestFiles.llamaTestData().resolve("vocab").resolve(name + ".gguf"),
        ModelConfig.builder().vocabularyOnly(true).build());
  }

  /** The format of llama.cpp's tests/test-tokenizer-0.cpp: texts between separators, a line of ids for each. */
  private static List<Golden> read(String name) throws IOException {
    Path folder = TestFiles.llamaTestData().resolve("vocab");
    String[] texts = Files.readString(folder.resolve(name + ".gguf.inp")).split(SEPARATOR, -1);
    List<String> lines = Files.readAllLines(folder.resolve(name + ".gguf.out"));
    List<Golden> goldens = new ArrayList<>();
    // The file ends with a separator, so the last text is none.
    for (int i = 0; i < Math.min(texts.length, lines.size()); i++) {
      int[] tokens =
          Arrays.stream(lines.get(i).trim().split("\\s+"))
              .filter(word -> !word.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      goldens.add(new Golden(texts[i], tokens));
    }
    assertThat(goldens).hasSizeGreaterThan(40);
    return goldens;
  }
}
