package io.panallama.internal.wordpiece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.text.Normalizer;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The expected texts are those of Hugging Face's {@code BertNormalizer} (tokenizers 0.21). */
class BertNormalizerTest {
  private static String normalize(String text, boolean lowercase, boolean stripAccents) {
    StringBuilder out = new StringBuilder();
    new BertNormalizer(lowercase, stripAccents).normalize(text, 0, text.length(), out::appendCodePoint, () -> {});
    return out.toString();
  }

  /** Columns: the text, cleaned only, lowercased, without accents, both. */
  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "Ünï\tÉ,Ünï É,ünï é,Uni E,uni e",
        "\u0130I,\u0130I,i\u0307i,II,ii",
        "a\u0323\u0302b\u1E69,a\u0323\u0302b\u1E69,a\u0323\u0302b\u1E69,abs,abs",
        "龍A, 龍 A, 龍 a, 龍 A, 龍 a",
        "\uF900, \uF900 , \uF900 , \u8C48 , \u8C48 ",
        "\uD55C\uAE00,\uD55C\uAE00,\uD55C\uAE00,\u1112\u1161\u11AB\u1100\u1173\u11AF,\u1112\u1161\u11AB\u1100\u1173\u11AF",
        "क्षि,क्षि,क्षि,कषि,कषि",
        "ΟΔΟΣ,ΟΔΟΣ,οδοσ,ΟΔΟΣ,οδοσ",
        "\u2126\u212B\uFB01,\u2126\u212B\uFB01,\u03C9\u00E5\uFB01,\u03A9A\uFB01,\u03C9a\uFB01",
        "\u00A0\u0085x\u2028y\u000C, x y, x y, x y, x y",
        "a\u0000b\uFFFDc\uD800d\uE000e\u200D,abcde,abcde,abcde,abcde",
      })
  void isHuggingFaces(String text, String cleaned, String lowercased, String stripped, String both) {
    assertThat(normalize(text, false, false)).isEqualTo(cleaned);
    assertThat(normalize(text, true, false)).isEqualTo(lowercased);
    assertThat(normalize(text, false, true)).isEqualTo(stripped);
    assertThat(normalize(text, true, true)).isEqualTo(both);
  }

  @Test
  void marksOfLaterVersionsOfUnicodeStay() {
    assertThat(normalize("\u08CA\u08D4", true, true)).isEqualTo("\u08CA\u08D4");
    assertThat(normalize("\u1715\u0300b", true, true)).isEqualTo("\u1715b");
    assertThat(normalize("\uD806\uDD38", true, true)).isEqualTo("\uD806\uDD38");
  }

  @Test
  void marksThatStayAreInCanonicalOrder() {
    assertThat(normalize("a\u302E\uD834\uDD65\u1B44\u0300\u302F", true, true))
        .isEqualTo("a\u1B44\uD834\uDD65\u302E\u302F");
    assertThat(normalize("\uD834\uDD60\u1B44", true, true)).isEqualTo("\uD834\uDD58\u1B44\uD834\uDD65\uD834\uDD6E");
    // U+0941 has no combining class, so nothing moves across it, although it is stripped.
    assertThat(normalize("a\uD834\uDD65\u0941\u1B44", true, true)).isEqualTo("a\uD834\uDD65\u1B44");
  }

  /** Putting marks in order one by one would take minutes. */
  @Test
  @Timeout(60)
  void marksWithoutEndTakeTimeInProportion() {
    String alternating = "\u302E\u1B44\u0300\u0316".repeat(500_000);
    assertThat(normalize("a" + alternating, true, true))
        .isEqualTo("a" + "\u1B44".repeat(500_000) + "\u302E".repeat(500_000));
  }

  @Test
  void endsAtACheckpoint() {
    AtomicInteger calls = new AtomicInteger();
    assertThatThrownBy(() ->
            new BertNormalizer(true, true)
                .normalize(
                    "ab".repeat(100_000),
                    0,
                    200_000,
                    point -> {},
                    () -> {
                      if (calls.incrementAndGet() == 3) {
                        throw new CancellationException();
                      }
                    }))
        .isInstanceOf(CancellationException.class);
    assertThat(calls).hasValue(3);
  }

  /** Unicode's stability policy: what had a decomposition or a combining class in one version has it in each later one. */
  @Test
  void theJdkDecomposesWhatUnicodeNineDoes() {
    assertThat(UnicodeTables.DECOMPOSABLE.cardinality()).isEqualTo(13_232);
    assertThat(UnicodeTables.DECOMPOSABLE.stream())
        .allMatch(point -> !Normalizer.isNormalized(Character.toString(point), Normalizer.Form.NFD));
    assertThat(UnicodeTables.NONSTARTERS.cardinality()).isEqualTo(810);
    assertThat(UnicodeTables.NONSTARTERS.stream())
        .allMatch(point ->
            !Normalizer.isNormalized("\u0345" + Character.toString(point), Normalizer.Form.NFD)
                || !Normalizer.isNormalized(Character.toString(point) + "\u0334", Normalizer.Form.NFD));
  }

  /** Few characters have changed their category since Unicode 8. */
  @Test
  void theJdkHasTheSameCategories() {
    assertThat(
            UnicodeTables.NONSPACING_MARKS.stream()
                .filter(point -> Character.getType(point) != Character.NON_SPACING_MARK))
        .containsExactly(0x1734, 0x1171E);
    assertThat(
            UnicodeTables.PUNCTUATION.stream()
                .filter(point -> point > 0x7F)
                .filter(point -> !Character.toString(point).matches("\\p{P}")))
        .containsExactly(0x166D, 0x111C9);
    assertThat(
            UnicodeTables.OTHER.stream()
                .filter(point -> !Character.toString(point).matches("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}]")))
        .isEmpty();
  }
}
