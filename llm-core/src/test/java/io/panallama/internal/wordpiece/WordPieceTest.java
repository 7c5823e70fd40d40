package io.panallama.internal.wordpiece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.InvalidRequestException;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufValueType;
import io.panallama.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * WordPiece with a vocabulary of a few words. The expected ids are those of Hugging Face's tokenizer (0.21) with the same
 * vocabulary; for texts as plain ones, without its added tokens.
 */
class WordPieceTest {
  /** In Hugging Face's form. */
  private static final List<String> VOCABULARY =
      List.of(
          "[PAD]",
          "[UNK]",
          "[CLS]",
          "[SEP]",
          "[MASK]",
          "hello",
          "world",
          "un",
          "##aff",
          "##able",
          "!",
          "[",
          "]",
          "sep",
          "中",
          "文",
          "creme",
          "##s",
          "\u1112",
          "##\u1161",
          "##\u11AB",
          "a",
          "##a",
          "\u0915",
          "##\u093F",
          "istanbul",
          "##\u09BE",
          "\u2581",
          "=",
          "##\u0E33",
          "σ",
          "##σ",
          "mask",
          "\u338F");

  @TempDir static Path folder;

  private static WordPiece wordPiece;

  @BeforeAll
  static void read() throws IOException {
    wordPiece = WordPiece.of(write(vocabulary()));
  }

  private static GgufFile write(GgufWriter writer) throws IOException {
    Path file = folder.resolve("vocabulary.gguf");
    writer.write(file);
    return GgufFile.read(file);
  }

  private static GgufWriter vocabulary() {
    List<String> texts = new ArrayList<>();
    long[] types = new long[VOCABULARY.size()];
    for (String text : VOCABULARY) {
      boolean control = texts.size() < 5;
      types[texts.size()] = control ? 3 : 1;
      texts.add(control ? text : text.startsWith("##") ? text.substring(2) : "\u2581" + text);
    }
    return new GgufWriter()
        .put("tokenizer.ggml.tokens", texts)
        .put("tokenizer.ggml.token_type", GgufArray.ofIntegers(GgufValueType.INT32, types))
        .put("tokenizer.ggml.unknown_token_id", 1)
        .put("tokenizer.ggml.bos_token_id", 2)
        .put("tokenizer.ggml.seperator_token_id", 3);
  }

  private static int[] plain(String text) {
    return wordPiece.tokenize(text, false, false, () -> {});
  }

  private static int[] parsed(String text) {
    return wordPiece.tokenize(text, false, true, () -> {});
  }

  private static Arguments of(String text, int... ids) {
    return Arguments.of(text, ids);
  }

  static Stream<Arguments> texts() {
    return Stream.of(
        of(""),
        of(" \t\r\n\u3000"),
        of("Hello, world!", 5, 1, 6, 10),
        of("HELLO\u00A0World", 5, 6),
        of("unaffable", 7, 8, 9),
        of("unaffables", 7, 8, 9, 17),
        of("unaff", 7, 8),
        of("Crème crèmes", 16, 16, 17),
        of("중문 中文hello", 1, 14, 15, 5),
        of("\uD55C", 18, 19, 20),
        of("\u1112\u1161\u11AB", 18, 19, 20),
        of("\uD558\uD55C", 1),
        of("\u0915\u093F \u0915\u0941", 23, 24, 23),
        of("\u0130stanbul \u0130STANBUL", 25, 25),
        of("hel\u0000lo\u200B\uFEFF\u00AD wor\u000Bld", 5, 6),
        of("he\uFFFDl\uD800lo", 5),
        of("hello\u0085world", 1),
        of("\u2581", 27),
        of("\u2260", 28),
        of("ΣΣ", 30, 31),
        of("[sep]", 11, 13, 12),
        of("a\u093Fa", 21, 24, 22),
        of("\u338F \u338Fs", 33, 33, 17),
        of("a\u1715", 1),
        of("hello\u166Dworld", 5, 1, 6),
        of("hello\u1B7Dworld", 1));
  }

  @ParameterizedTest
  @MethodSource("texts")
  void isHuggingFaces(String text, int[] ids) {
    assertThat(plain(text)).isEqualTo(ids);
    assertThat(parsed(text)).isEqualTo(ids);
  }

  @Test
  void aWordOfMoreThanAHundredCharactersIsUnknown() {
    assertThat(plain("a".repeat(100))).hasSize(100).startsWith(21).endsWith(22);
    assertThat(plain("a".repeat(101))).containsExactly(1);
    assertThat(plain("a".repeat(101) + "! a")).containsExactly(1, 10, 21);
  }

  @Test
  void specialTokensAreTextUnlessAskedFor() {
    assertThat(plain("[SEP]")).containsExactly(11, 13, 12);
    assertThat(parsed("[SEP]")).containsExactly(3);
    assertThat(plain("hello [MASK] world[SEP]")).containsExactly(5, 11, 32, 12, 6, 11, 13, 12);
    assertThat(parsed("hello [MASK] world[SEP]")).containsExactly(5, 4, 6, 3);
    assertThat(plain("[[SEP]]")).containsExactly(11, 11, 13, 12, 12);
    assertThat(parsed("[[SEP]]")).containsExactly(11, 3, 12);
  }

  @Test
  void literalsHaveNoSpecialTokens() {
    String text = "[SEP]hello[SEP]world[SEP]";
    assertThat(wordPiece.tokenize(text, false, new int[] {5, 15}, () -> {})).containsExactly(3, 5, 11, 13, 12, 6, 3);
    // A token that reaches into a literal is none.
    assertThat(wordPiece.tokenize(text, false, new int[] {4, 5, 20, 21}, () -> {}))
        .containsExactly(11, 13, 12, 5, 3, 6, 11, 13, 12);
  }

  @Test
  void addsWhatIsAroundAText() {
    assertThat(wordPiece.tokenize("", true, false, () -> {})).containsExactly(2, 3);
    assertThat(wordPiece.tokenize("hello", true, false, () -> {})).containsExactly(2, 5, 3);
  }

  @Test
  void theFileSaysHowTextIsNormalized() throws IOException {
    WordPiece cased = WordPiece.of(write(vocabulary().put("tokenizer.ggml.normalizer.lowercase", false)));
    assertThat(cased.tokenize("hello Hello crème", false, false, () -> {})).containsExactly(5, 1, 1);
    WordPiece stripped =
        WordPiece.of(
            write(
                vocabulary()
                    .put("tokenizer.ggml.normalizer.lowercase", false)
                    .put("tokenizer.ggml.normalizer.strip_accents", true)));
    assertThat(stripped.tokenize("hello Hello crème", false, false, () -> {})).containsExactly(5, 1, 16);
  }

  @Test
  void whatTheUserDefinedIsFoundInAnyText() throws IOException {
    long[] types = new long[VOCABULARY.size()];
    Arrays.fill(types, 1);
    types[5] = 4;
    WordPiece defined =
        WordPiece.of(
            write(vocabulary().put("tokenizer.ggml.token_type", GgufArray.ofIntegers(GgufValueType.INT32, types))));
    assertThat(defined.tokenize("ahelloa", false, false, () -> {})).containsExactly(21, 5, 21);
    assertThat(defined.tokenize("ahelloa", false, new int[] {1, 6}, () -> {})).containsExactly(21, 5, 21);
  }

  @Test
  void aVocabularyWithoutAnUnknownTokenNamesWhatItLacks() throws IOException {
    WordPiece without = WordPiece.of(write(vocabulary().put("tokenizer.ggml.unknown_token_id", 1000)));
    assertThat(without.tokenize("hello", false, false, () -> {})).containsExactly(5);
    assertThatThrownBy(() -> without.tokenize("hi", false, false, () -> {}))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("no token for unknown words");
  }

  @Test
  @Timeout(60)
  void longTextsTakeTimeInProportion() {
    assertThat(plain("a".repeat(10_000_000))).containsExactly(1);
    assertThat(parsed("[".repeat(1_000_000))).hasSize(1_000_000).containsOnly(11);
    assertThat(plain(("a".repeat(100) + " ").repeat(20_000))).hasSize(2_000_000);
  }

  @Test
  void endsAtACheckpoint() {
    AtomicInteger calls = new AtomicInteger();
    assertThatThrownBy(() ->
            wordPiece.tokenize(
                "hello ".repeat(100_000),
                false,
                false,
                () -> {
                  if (calls.incrementAndGet() == 5) {
                    throw new CancellationException();
                  }
                }))
        .isInstanceOf(CancellationException.class);
    assertThat(calls).hasValue(5);
  }
}
