package io.panallama.internal.schema;

import java.lang.Character.UnicodeScript;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The properties of Unicode that a regular expression can name, in the words of ECMAScript (22.2.2.9, CharacterClassEscape):
 * general categories, scripts and some properties of one character. Thread-safe.
 */
final class UnicodeProperty {
  /** The short names of the general categories, by {@link Character#getType}; 17 is none. */
  private static final List<String> CATEGORIES =
      List.of(
          "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "",
          "Co", "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf");

  private static final Map<String, String> LONG_NAMES =
      Map.ofEntries(
          Map.entry("Letter", "L"),
          Map.entry("Uppercase_Letter", "Lu"),
          Map.entry("Lowercase_Letter", "Ll"),
          Map.entry("Mark", "M"),
          Map.entry("Number", "N"),
          Map.entry("Decimal_Number", "Nd"),
          Map.entry("Punctuation", "P"),
          Map.entry("Symbol", "S"),
          Map.entry("Currency_Symbol", "Sc"),
          Map.entry("Separator", "Z"),
          Map.entry("Space_Separator", "Zs"));

  private static final Map<String, IntPredicate> BINARY =
      Map.of(
          "Alphabetic",
          Character::isAlphabetic,
          "Alpha",
          Character::isAlphabetic,
          "Uppercase",
          Character::isUpperCase,
          "Lowercase",
          Character::isLowerCase,
          "Ideographic",
          Character::isIdeographic,
          "Emoji",
          Character::isEmoji,
          "ASCII",
          one -> one < 0x80,
          "Any",
          one -> true);

  private static final Pattern CATEGORY = Pattern.compile("(?:(?:gc|General_Category)=)?(\\w+)");
  private static final Pattern SCRIPT = Pattern.compile("(?:sc|Script)=(\\w+)");

  /** At most as many as Unicode has names. */
  private static final Map<String, CodePoints> KNOWN = new ConcurrentHashMap<>();

  private UnicodeProperty() {}

  /** The code points with a property; null if it is unknown. */
  static @Nullable CodePoints find(String name) {
    CodePoints known = KNOWN.get(name);
    if (known == null) {
      IntPredicate predicate = predicate(name);
      if (predicate != null) {
        known = CodePoints.matching(predicate);
        KNOWN.put(name, known);
      }
    }
    return known;
  }

  private static @Nullable IntPredicate predicate(String name) {
    Matcher script = SCRIPT.matcher(name);
    if (script.matches()) {
      try {
        UnicodeScript wanted = UnicodeScript.forName(script.group(1));
        return one -> UnicodeScript.of(one) == wanted;
      } catch (IllegalArgumentException unknown) {
        return null;
      }
    }
    Matcher category = CATEGORY.matcher(name);
    if (!category.matches()) {
      return null;
    }
    String given = category.group(1);
    String wanted = LONG_NAMES.getOrDefault(given, given);
    boolean known =
        wanted.length() <= 2 && CATEGORIES.stream().anyMatch(one -> !one.isEmpty() && one.startsWith(wanted));
    return known ? one -> CATEGORIES.get(Character.getType(one)).startsWith(wanted) : BINARY.get(name);
  }
}
