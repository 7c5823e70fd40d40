package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.TestFiles;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import io.panallama.testkit.Fuzzing;
import io.panallama.testkit.RandomTexts;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import io.panallama.testkit.TinyVocabulary;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bridge cuts texts at special tokens, in a way of its own, where llama.cpp's library does. */
@Timeout(120)
class SpecialTokensTest {
  private static final int SPECIAL =
      LlamaCpp.LLAMA_TOKEN_ATTR_CONTROL()
          | LlamaCpp.LLAMA_TOKEN_ATTR_UNKNOWN()
          | LlamaCpp.LLAMA_TOKEN_ATTR_USER_DEFINED();

  /** Words that overlap, begin with each other, or are white space that their neighbours absorb. */
  private static final List<String> OVERLAPPING =
      List.of(
          "AB",
          "ABA",
          "BAB",
          "ABAB",
          "BABA",
          "BC",
          "CAB",
          "A B",
          "B ",
          " ",
          "  ",
          "   ",
          "\n",
          "\n\n",
          " \n",
          "\n ",
          "<mask>",
          "k>a",
          "> ",
          " <",
          "<s>",
          "</s>",
          "<unk>",
          "<|endoftext|>",
          "<|bos|><|eos|>",
          "|><|",
          "名",
          "名前");

  @TempDir private static Path folder;
  private static Path overlapping;

  @BeforeAll
  static void writeModel() {
    Natives.load();
    overlapping = TinyModels.write(folder.resolve("overlapping.gguf"), TinySpec.defaults().withWords(OVERLAPPING));
  }

  static List<String> vocabularies() throws IOException {
    try (Stream<Path> files = Files.list(TestFiles.llamaTestData().resolve("vocab"))) {
      return files.map(path -> path.getFileName().toString()).filter(name -> name.endsWith(".gguf")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("vocabularies")
  void cutsLikeLlamaCpp(String vocabulary) {
    compare(TestFiles.llamaTestData().resolve("vocab").resolve(vocabulary), Map.of());
  }

  @Test
  void whatOverlapsIsCutLikeLlamaCpp() {
    compare(overlapping, Map.of());
  }

  /** By these names llama.cpp lets some tokens absorb the white space in front of them, or behind. */
  @ParameterizedTest
  @ValueSource(strings = {"tokenizer.ggml.pre jina-v2-de", "general.name Phi-3"})
  void absorbedSpacesAreThoseOfLlamaCpp(String setting) {
    String[] parts = setting.split(" ");
    compare(overlapping, Map.of(parts[0], MetadataValue.of(parts[1])));
  }

  private static void compare(Path file, Map<String, MetadataValue> metadata) {
    ModelHandle model = ModelHandle.load(file, ModelConfig.builder().vocabularyOnly(true).metadata(metadata).build());
    try {
      List<byte[]> specials = specials(file, model);
      assertThat(specials).isNotEmpty();
      Random random = new Random(Fuzzing.seed());
      int compared = 0;
      long began = System.nanoTime();
      for (int done = 0; Fuzzing.goesOn(done, 400, began); done++) {
        byte[] text = text(specials, random);
        boolean addSpecial = random.nextBoolean();
        boolean parseSpecial = random.nextInt(4) > 0;
        int[] ours = Tokenizers.ours(model, text, addSpecial, parseSpecial);
        if (ours != null) {
          assertThat(ours)
              .as("tokens of %s, %s, %s", HexFormat.of().formatHex(text), addSpecial, parseSpecial)
              .isEqualTo(Tokenizers.original(model, text, addSpecial, parseSpecial));
          compared++;
        }
      }
      assertThat(compared).isGreaterThan(100);
    } finally {
      model.close();
    }
  }

  private static List<byte[]> specials(Path file, ModelHandle model) {
    GgufArray tokens = GgufFile.read(file).array("tokenizer.ggml.tokens").orElseThrow();
    List<byte[]> specials = new ArrayList<>();
    for (int token = 0; token < model.vocabularySize(); token++) {
      if ((LlamaCpp.llama_vocab_get_attr(model.vocabulary(), token) & SPECIAL) != 0) {
        specials.add(tokens.bytes(token));
      }
    }
    return specials;
  }

  /** Special tokens, whole and in part, beside each other and between other texts and white space. */
  private static byte[] text(List<byte[]> specials, Random random) {
    // A few of them again and again, so that those that overlap meet.
    List<byte[]> few = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      few.add(specials.get(random.nextInt(specials.size())));
    }
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    int parts = 1 + random.nextInt(40);
    for (int i = 0; i < parts; i++) {
      byte[] special = few.get(random.nextInt(few.size()));
      switch (random.nextInt(8)) {
        case 0 -> text.writeBytes(Arrays.copyOf(special, random.nextInt(special.length + 1)));
        case 1 -> text.writeBytes(Arrays.copyOfRange(special, random.nextInt(special.length + 1), special.length));
        case 2 -> text.writeBytes(" \n\t\r\u000b  ".substring(random.nextInt(7)).getBytes(StandardCharsets.UTF_8));
        case 3 -> text.writeBytes(RandomTexts.bytes(random));
        default -> text.writeBytes(special);
      }
    }
    return text.toByteArray();
  }

  /** With the square of the number these would take ten minutes. */
  @Test
  void manySpecialTokensTakeNoTimeThatGrowsWithTheirSquare() {
    int many = 400_000;
    ModelHandle model = ModelHandle.load(overlapping, ModelConfig.builder().vocabularyOnly(true).build());
    try {
      int[] one = TokenizerCalls.tokenize(model, TinyVocabulary.IM_START, false, true);
      assertThat(one).hasSize(1);
      assertThat(TokenizerCalls.tokenize(model, TinyVocabulary.IM_START.repeat(many), false, true))
          .hasSize(many)
          .containsOnly(one[0]);
      assertThat(TokenizerCalls.tokenize(model, "AB\n \n".repeat(many), false, false)).hasSizeGreaterThan(many);
    } finally {
      model.close();
    }
  }
}
