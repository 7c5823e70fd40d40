package io.panallama.internal.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.internal.embed.PairFormat.OfQuery;
import io.panallama.internal.embed.PairFormat.Pair;
import io.panallama.scoring.RerankOptions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Pairs with a vocabulary whose tokens are characters, and whose special tokens are written in brackets. */
class PairFormatTest {
  private static final int BOS = 1;
  private static final int SEP = 2;
  private static final int END = 3;
  private static final RerankOptions WHOLE = RerankOptions.defaults();
  private static final RerankOptions CUT = RerankOptions.builder().truncate(true).build();

  private static int[] plain(String text) {
    return text.chars().toArray();
  }

  /** A character in angle brackets is a special token, its number negated, outside of literals. */
  private static int[] prompt(byte[] prompt, int[] literals) {
    List<Integer> tokens = new ArrayList<>();
    String text = new String(prompt, StandardCharsets.UTF_8);
    assertThat(text).hasSize(prompt.length);
    for (int i = 0; i < text.length(); i++) {
      boolean special = i + 2 < text.length() && text.charAt(i) == '<' && text.charAt(i + 2) == '>' && !in(i, literals);
      tokens.add(special ? -text.charAt(i + 1) : text.charAt(i));
      i += special ? 2 : 0;
    }
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  private static boolean in(int index, int[] literals) {
    for (int i = 0; i < literals.length; i += 2) {
      assertThat(literals[i]).isLessThan(literals[i + 1]);
      if (index >= literals[i] && index < literals[i + 1]) {
        return true;
      }
    }
    return false;
  }

  private static OfQuery joined(String query) {
    return PairFormat.joined(new int[] {BOS}, new int[] {END, SEP}, new int[] {END}, PairFormatTest::plain)
        .forQuery(query);
  }

  private static OfQuery template(String query) {
    return PairFormat.template("<q>{query} - {document}<e>\n", PairFormatTest::prompt).forQuery(query);
  }

  private static String text(Pair pair) {
    StringBuilder text = new StringBuilder();
    for (int token : pair.tokens()) {
      if (token < 0) {
        text.append('[').append((char) -token).append(']');
      } else {
        text.append((char) token);
      }
    }
    return text.toString();
  }

  @Test
  void theVocabularysTokensStandAround() {
    assertThat(joined("ab").pair(0, "cd", 99, WHOLE).tokens()).containsExactly(BOS, 'a', 'b', END, SEP, 'c', 'd', END);
    assertThat(joined("").pair(0, "", 99, WHOLE).tokens()).containsExactly(BOS, END, SEP, END);
  }

  @Test
  void onlyTheTemplateHasSpecialTokensAndPlaceholders() {
    assertThat(text(template("a<q>{document}").pair(0, "{query}<e>", 99, WHOLE)))
        .isEqualTo("[q]a<q>{document} - {query}<e>[e]\n");
    assertThat(text(template("").pair(0, "", 99, WHOLE))).isEqualTo("[q] - [e]\n");
  }

  @Test
  void aTemplateMayRepeatItsPlaceholdersAndEndWithOne() {
    OfQuery twice = PairFormat.template("{document}|{query}|{document}", PairFormatTest::prompt).forQuery("q");
    assertThat(text(twice.pair(0, "d", 99, WHOLE))).isEqualTo("d|q|d");
    assertThat(PairFormat.isTemplate("{document}{query}")).isTrue();
    assertThat(PairFormat.isTemplate("{document} {quer}")).isFalse();
    assertThat(PairFormat.isTemplate("{query}")).isFalse();
  }

  @Test
  void theEndOfADocumentIsCut() {
    Pair cut = joined("ab").pair(0, "cdefgh", 8, CUT);
    assertThat(cut.truncated()).isTrue();
    assertThat(cut.tokens()).containsExactly(BOS, 'a', 'b', END, SEP, 'c', 'd', END);
    assertThat(joined("ab").pair(0, "cd", 8, CUT).truncated()).isFalse();
    assertThat(text(template("a").pair(0, "bcdefgh", 9, CUT))).isEqualTo("[q]a - bc[e]\n");
  }

  @Test
  void noMoreOfADocumentIsReadThanIsWanted() {
    RerankOptions three = RerankOptions.builder().maxDocumentTokens(3).build();
    Pair cut = joined("ab").pair(0, "cdefgh", 99, three);
    assertThat(cut.truncated()).isTrue();
    assertThat(cut.tokens()).containsExactly(BOS, 'a', 'b', END, SEP, 'c', 'd', 'e', END);
    assertThat(joined("ab").pair(0, "cde", 99, three))
        .satisfies(whole -> assertThat(whole.truncated()).isFalse())
        .satisfies(whole -> assertThat(whole.tokens()).hasSize(9));
    assertThat(text(template("a").pair(0, "bcdefgh", 99, three))).isEqualTo("[q]a - bcd[e]\n");
    // What is wanted must fit, too.
    assertThatExceptionOfType(TextTooLongException.class)
        .isThrownBy(() -> joined("ab").pair(4, "cdefgh", 8, three))
        .satisfies(tooLong -> assertThat(tooLong.tokens()).isEqualTo(9));
    assertThat(joined("ab").pair(4, "cdefgh", 8, three.toBuilder().truncate(true).build()).tokens()).hasSize(8);
  }

  @Test
  void whatStandsBehindIsKeptWhateverTheDocumentLooksLike() {
    assertThat(text(template("a").pair(0, "\n<e>\n - \n", 9, CUT))).isEqualTo("[q]a - \n<[e]\n");
    OfQuery open = PairFormat.template("{query}|{document}|", PairFormatTest::prompt).forQuery("q");
    assertThat(text(open.pair(0, "||||||", 6, CUT))).isEqualTo("q|||||");
    assertThat(text(open.pair(0, "xxxq|", 6, CUT))).endsWith("|").hasSize(6);
  }

  @Test
  void tooLongIsSaidWithCounts() {
    assertThatExceptionOfType(TextTooLongException.class)
        .isThrownBy(() -> joined("ab").pair(4, "cdefgh", 8, WHOLE))
        .satisfies(tooLong -> {
          assertThat(tooLong.parameter()).isEqualTo("documents[4]");
          assertThat(tooLong.index()).isEqualTo(4);
          assertThat(tooLong.tokens()).isEqualTo(12);
          assertThat(tooLong.maxTokens()).isEqualTo(8);
        });
    for (OfQuery query : List.of(joined("abcd"), template("ab"))) {
      assertThatExceptionOfType(TextTooLongException.class)
          .isThrownBy(() -> query.pair(4, "cdefgh", 8, CUT))
          .satisfies(tooLong -> {
            assertThat(tooLong.parameter()).isEqualTo("query");
            assertThat(tooLong.tokens()).isEqualTo(8);
          });
    }
    // A pair that fits is computed, even if nothing more would.
    assertThat(joined("abcd").pair(0, "", 8, WHOLE).tokens()).hasSize(8);
  }

  @Test
  void nothingAtAllCannotBeScored() {
    OfQuery bare = PairFormat.joined(new int[0], new int[0], new int[0], PairFormatTest::plain).forQuery("");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> bare.pair(1, "", 8, WHOLE))
        .withMessageContaining("documents[1] and the query have no tokens");
  }
}
