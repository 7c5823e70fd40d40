package io.panallama.internal.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.regex.Pattern;
import org.assertj.core.api.Condition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaPatternTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String nested(int depth) {
    return "^" + "(".repeat(depth) + "a" + ")".repeat(depth) + "$";
  }

  /** llama.cpp would take any text for such a pattern. */
  @Test
  void groupsThatNestTooDeepCantBeEnforced() {
    assertThat(SchemaPattern.rewrite(nested(99))).contains("a");
    assertThatThrownBy(() -> SchemaPattern.rewrite(nested(100)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nest deeper");
  }

  /** What is allowed is a text of JSON; the rewritten pattern reads the same to Java, but for escapes of eight digits. */
  private static boolean allows(String rewritten, String json) {
    return Pattern.compile(rewritten.replaceAll("\\\\U00([0-9A-F]{6})", "\\\\x{$1}")).matcher(json).matches();
  }

  private static String content(String text) {
    try {
      String json = JSON.writeValueAsString(text);
      return json.substring(1, json.length() - 1);
    } catch (JsonProcessingException impossible) {
      throw new AssertionError(impossible);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '~',
      ignoreLeadingAndTrailingWhitespace = false,
      textBlock =
          """
          ^[\\u4e00-\\u9fff]+$ => 漢字 => a
          ^\\u00e9+$ => éé => e
          ^é+x$ => éx => x
          ^\\ud83d\\ude00$ => 😀 => 😁
          ^[😀-😂]{2}$ => 😀😁 => 😃😀
          ^\\u{1F600}$ => 😀 => 😁
          ^\\x41\\x2d$ => A- => A
          ^[\\x41-\\x43]+$ => ABC => D
          ^[\\d\\w\\s-]+$ => a 1-_ => .
          ^[\\D]$ => x => 7
          ^[^\\D]$ => 7 => x
          ^\\D\\W\\S$ => x.x => 1.x
          ^[^\\s]$ => x => \u00a0
          ^(?P<year>\\d{4})-(?<month>\\d\\d)$ => 2024-07 => 2024-7
          ^\\p{L}+$ => Größe漢 => a1
          ^\\p{Lu}\\p{Ll}*$ => Ödön => ödön
          ^[\\p{L}\\p{Nd} ]+$ => a ٣ 1 => a-1
          ^[^\\p{L}]$ => 1 => é
          ^\\P{L}$ => 1 => é
          ^\\p{Script=Greek}+$ => αβ => ab
          ^\\p{Uppercase_Letter}$ => A => a
          ^[ -~]+$ => a"b\\c => é
          ^"\\\\$ => "\\ => "
          ^a+?b*?$ => aab => b
          ^[a-\\d]+$ => a-1 => b
          ^[\\-\\]\\[^$.]+$ => -][^$. => a
          ^[a^]$ => ^ => b
          ^\\/\\.\\-$ => /.- => /a-
          a|^b$ => xax => xb
          """)
  void aPatternAllowsWhatItSays(String pattern, String right, String wrong) {
    String rewritten = SchemaPattern.rewrite(pattern);
    assertThat(allows(rewritten, content(right))).as("%s as %s allows %s", pattern, rewritten, right).isTrue();
    assertThat(allows(rewritten, content(wrong))).as("%s as %s allows %s", pattern, rewritten, wrong).isFalse();
  }

  @Test
  void controlCharactersAreWrittenAsJsonEscapesThem() {
    String rewritten = SchemaPattern.rewrite("^\\t\\n\\r\\f\\v\\x00\\cA[\\b\\x7f]$");
    assertThat(allows(rewritten, "\\t\\n\\r\\f\\u000b\\u0000\\u0001\\b")).as(rewritten).isTrue();
    assertThat(allows(rewritten, "\\t\\n\\r\\f\\u000b\\u0000\\u0001\\u007f")).isTrue();
    assertThat(allows(rewritten, "\t\n\r\f\u000b\u0000\u0001\b")).isFalse();
    assertThat(allows(SchemaPattern.rewrite("^[a\\n]+$"), "a\\na")).isTrue();
    assertThat(allows(SchemaPattern.rewrite("^[a\\n]+$"), "n")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "^a^b$",
        "^a$b$",
        "^(^a|b)$",
        "^(?=a)a$",
        "^(?<!a)b$",
        "^(?i)a$",
        "^(a)\\1$",
        "^\\bword\\b$",
        "^a++$",
        "^a{3,2}$",
        "^\\p{Glory}$",
        "^\\p{L$",
        "^\\u12$",
        "^\\ud83d$",
        "^[b-a]$",
        "^[$",
        "^[]$",
        "^[^\\s\\S]$",
        "^\\A$",
        "^{2}$",
        "^a\\"
      })
  void whatCantBeEnforcedIsRefused(String pattern) {
    assertThatThrownBy(() -> SchemaPattern.rewrite(pattern))
        .as(pattern)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("it");
  }

  @Test
  void theDotIsNoLineEnd() {
    String rewritten = SchemaPattern.rewrite("^.$");
    assertThat(allows(rewritten, "x")).isTrue();
    assertThat(allows(rewritten, "\u2028")).isFalse();
  }

  @Test
  void zodsPatternOfAnAddressIsKeptWithoutLookingAhead() {
    String zod =
        "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$";
    String rewritten = SchemaPattern.rewrite(zod);
    String[] texts = {
      "a@b.co",
      "a.b@c-d.example",
      "o'neil+x@b.co",
      ".a@b.co",
      "a..b@b.co",
      "a.@b.co",
      "a'@b.co",
      "@b.co",
      "a@b..co",
      "a@b",
      "a b@c.de"
    };
    for (String text : texts) {
      assertThat(allows(rewritten, text)).as(text).isEqualTo(text.matches(zod));
    }
    assertThat(texts).areAtLeast(3, new Condition<>(text -> text.matches(zod), "an address"));
  }

  @ParameterizedTest
  @CsvSource({"^a$, true", "^a$|^b$, true", "^a|b$, false", "a$, false", "^a\\$, false", "'', false"})
  void aPatternForTheWholeTextHasAnchorsOnBothSides(String pattern, boolean whole) {
    assertThat(SchemaPattern.isWhole(pattern)).isEqualTo(whole);
  }

  @Test
  void theMessageSaysWhereAndWhatIsAllowed() {
    assertThatThrownBy(() -> SchemaPattern.rewrite("^ab|c$d$"))
        .hasMessageContaining("a $ inside")
        .hasMessageContaining("at index 5")
        .hasMessageContaining("only at the ends");
  }
}
