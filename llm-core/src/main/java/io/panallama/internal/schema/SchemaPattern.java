package io.panallama.internal.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rewrites the regular expressions of JSON schemas, which are ECMAScript's, into the form that llama.cpp's grammars support.
 *
 * <p>llama.cpp copies a pattern into the grammar of a JSON text, where quotes, backslashes and control characters have to be
 * escaped. A class that lists such characters becomes a choice between a class and their escapes; {@code .} and {@code [^a]} are
 * narrowed to characters that need no escape. Escapes that llama.cpp doesn't know become classes.
 *
 * <p>A pattern of a text outside of JSON becomes a grammar by the same rules, without these escapes.
 */
public final class SchemaPattern {
  /** What may stand in front of a pattern that does not begin with ^, and behind one that does not end with $. */
  private static final String ANYTHING = "[^" + PatternWriter.UNSAFE + "]*";

  private static final Pattern QUANTIFIER = Pattern.compile("[*+?]|\\{(\\d+)(?:,(\\d*))?}");

  private static final Pattern NAMED_GROUP = Pattern.compile("\\(\\?P?<[A-Za-z_]\\w*>");

  /** The maximum number of repetitions in llama.cpp's grammars. */
  private static final int MAX_REPETITIONS = 2000;

  private static final CodePoints DIGITS = CodePoints.range('0', '9');

  /** White space of ECMAScript, Java and Python together; what is outside is none for any of them. */
  private static final CodePoints WHITE_SPACE =
      CodePoints.union(
          List.of(
              CodePoints.range(0x09, 0x0D),
              CodePoints.range(0x1C, 0x20),
              CodePoints.all("\u0085\u00A0\u1680\u180E\u2028\u2029\u202F\u205F\u3000\uFEFF"),
              CodePoints.range(0x2000, 0x200A)));

  /** The one white space that a model is to write where it may write any. */
  private static final CodePoints SPACE = CodePoints.of(' ');

  /** What {@code .} matches for no validator: line ends. */
  private static final CodePoints LINE_ENDS = CodePoints.all("\n\r\u0085\u2028\u2029");

  /** Zod's pattern of an e-mail address, and the same without looking ahead: no dot at the beginning, and no two in a row. */
  private static final Map<String, String> WITHOUT_LOOKING_AHEAD =
      Map.of(
          "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
          "^([A-Za-z0-9_'+\\-]+\\.)*[A-Za-z0-9_'+\\-]*[A-Za-z0-9_+\\-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$");

  private final String source;
  private final int end;

  private final PatternWriter result;
  private int pos;
  private int depth;
  private boolean repeatable;

  private SchemaPattern(String source, int begin, int end, boolean json) {
    this.source = source;
    this.pos = begin;
    this.end = end;
    this.result = new PatternWriter(json);
  }

  /**
   * @throws IllegalArgumentException if it can't be enforced; the message says why
   */
  public static String rewrite(String pattern) {
    List<String> ways = ways(pattern, true);
    return "^" + (ways.size() == 1 ? ways.getFirst() : "(" + String.join("|", ways) + ")") + "$";
  }

  /**
   * The grammar, in GBNF with the rule {@code root}, of the texts that a pattern fits as a whole, with {@code ^} and {@code $} at
   * its ends or without.
   *
   * @throws IllegalArgumentException if it can't be enforced; the message says why
   */
  public static String grammar(String pattern) {
    return "root ::= " + String.join(" | ", ways(pattern, false));
  }

  private static List<String> ways(String given, boolean json) {
    String pattern = WITHOUT_LOOKING_AHEAD.getOrDefault(given, given);
    List<String> ways = new ArrayList<>();
    int begin = 0;
    for (int bar : bars(pattern)) {
      ways.add(way(pattern, begin, bar, json));
      begin = bar + 1;
    }
    ways.add(way(pattern, begin, pattern.length(), json));
    return ways;
  }

  /** Whether a pattern is for the whole text, and not for a part of it. */
  static boolean isWhole(String pattern) {
    int begin = 0;
    for (int bar : bars(pattern)) {
      if (!begins(pattern, begin, bar) || !ends(pattern, begin, bar)) {
        return false;
      }
      begin = bar + 1;
    }
    return begins(pattern, begin, pattern.length()) && ends(pattern, begin, pattern.length());
  }

  private static boolean begins(String pattern, int begin, int end) {
    return begin < end && pattern.charAt(begin) == '^';
  }

  private static boolean ends(String pattern, int begin, int end) {
    return begin < end && pattern.charAt(end - 1) == '$' && !isEscaped(pattern, end - 1);
  }

  /** One of the alternatives outside of groups, each of which has anchors of its own. */
  private static String way(String pattern, int begin, int end, boolean json) {
    boolean begins = begins(pattern, begin, end);
    boolean ends = ends(pattern, begin, end);
    String inner = new SchemaPattern(pattern, begins ? begin + 1 : begin, ends ? end - 1 : end, json).run();
    if (!json) {
      return inner.isEmpty() ? "\"\"" : inner;
    }
    return (begins ? "" : ANYTHING) + inner + (ends ? "" : ANYTHING);
  }

  /** Whether an odd number of backslashes is in front of a character. */
  private static boolean isEscaped(String pattern, int index) {
    int begin = index;
    while (begin > 0 && pattern.charAt(begin - 1) == '\\') {
      begin--;
    }
    return (index - begin) % 2 == 1;
  }

  /** Where the bars between alternatives outside of groups are. */
  private static List<Integer> bars(String pattern) {
    List<Integer> bars = new ArrayList<>();
    int depth = 0;
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '(') {
        depth++;
      } else if (c == ')') {
        depth--;
      } else if (c == '[') {
        while (i + 1 < pattern.length() && pattern.charAt(i + 1) != ']') {
          i += pattern.charAt(i + 1) == '\\' ? 2 : 1;
        }
      } else if (c == '|' && depth == 0) {
        bars.add(i);
      }
    }
    return bars;
  }

  private static IllegalArgumentException refused(int index, String what) {
    return new IllegalArgumentException("it has " + what + " at index " + index);
  }

  private String run() {
    while (pos < end) {
      int at = pos;
      int c = source.codePointAt(pos);
      if ("*+?{".indexOf(c) >= 0) {
        quantifier();
        continue;
      }
      repeatable = c != '(' && c != '|';
      switch (c) {
        case '.' -> {
          pos++;
          result.write(LINE_ENDS.complement(), depth);
        }
        case '[' -> result.write(characterClass(), depth);
        case '\\' -> result.write(escape(false, false), depth);
        case '(' -> group();
        case ')' -> {
          if (--depth < 0) {
            throw refused(at, "a ) without a beginning");
          }
          result.copy(")");
          pos++;
        }
        case '|' -> {
          result.copy("|");
          pos++;
        }
        case ']', '}' -> throw refused(at, "a " + (char) c + " without a beginning; write \\" + (char) c);
        case '^', '$' ->
            throw refused(
                at,
                "a "
                    + (char) c
                    + " inside (only at the ends of the pattern, and of its alternatives outside of groups, can it be"
                    + " enforced)");
        default -> {
          pos += Character.charCount(c);
          result.write(CodePoints.of(c), depth);
        }
      }
    }
    if (depth != 0) {
      throw new IllegalArgumentException("its parentheses don't match");
    }
    return result.toString();
  }

  /** Reads one quantifier after something to repeat; whether it is lazy changes nothing about which texts fit the whole. */
  private void quantifier() {
    if (!repeatable) {
      throw refused(pos, "a quantifier without anything to repeat");
    }
    repeatable = false;
    Matcher matcher = QUANTIFIER.matcher(source).region(pos, end);
    if (!matcher.lookingAt()) {
      throw refused(pos, "a { that begins no quantifier");
    }
    int least = 0;
    for (int i = 1; i <= 2; i++) {
      String digits = matcher.group(i);
      if (digits != null && !digits.isEmpty()) {
        int count = digits.length() > 4 ? MAX_REPETITIONS + 1 : Integer.parseInt(digits);
        if (count > MAX_REPETITIONS) {
          throw refused(pos, "more than " + MAX_REPETITIONS + " repetitions");
        }
        if (count < least) {
          throw refused(pos, "a quantifier with more at least than at most");
        }
        least = count;
      }
    }
    result.copy(matcher.group());
    pos = matcher.end();
    if (pos < end && source.charAt(pos) == '?') {
      pos++;
    }
  }

  private void group() {
    int length = 1;
    if (source.startsWith("(?", pos)) {
      Matcher named = NAMED_GROUP.matcher(source).region(pos, end);
      if (named.lookingAt()) {
        length = named.end() - pos;
      } else if (source.startsWith("(?:", pos)) {
        length = 3;
      } else {
        throw refused(pos, "a group that begins with (? and is neither (?: nor named: there is no look-around");
      }
    }
    result.copy("(");
    depth++;
    PatternWriter.requireDepth(depth);
    pos += length;
  }

  // ---- what a character may be ----

  private CodePoints characterClass() {
    int at = pos++;
    boolean negated = pos < end && source.charAt(pos) == '^';
    if (negated) {
      pos++;
    }
    List<CodePoints> members = new ArrayList<>();
    while (pos < end && source.charAt(pos) != ']') {
      CodePoints low = member(negated);
      boolean range = low.single() >= 0 && source.startsWith("-", pos) && !source.startsWith("-]", pos);
      if (!range || pos + 1 >= end) {
        members.add(low);
        continue;
      }
      int dash = pos++;
      CodePoints high = member(negated);
      if (high.single() < 0) {
        members.addAll(List.of(low, CodePoints.of('-'), high));
      } else if (low.single() > high.single()) {
        throw refused(dash, "a class with a range that runs backwards");
      } else {
        members.add(CodePoints.range(low.single(), high.single()));
      }
    }
    if (pos >= end) {
      throw refused(at, "a class without an end");
    }
    pos++;
    if (members.isEmpty()) {
      throw refused(at, "an empty class");
    }
    CodePoints all = CodePoints.union(members);
    return negated ? all.complement() : all;
  }

  private CodePoints member(boolean negated) {
    int c = source.codePointAt(pos);
    if (c == '\\') {
      return escape(true, negated);
    }
    pos += Character.charCount(c);
    return CodePoints.of(c);
  }

  /**
   * Reads an escape.
   *
   * @param negated whether it is in a class whose characters are not to occur
   */
  private CodePoints escape(boolean inClass, boolean negated) {
    int at = pos;
    if (pos + 1 >= end) {
      throw refused(at, "a backslash at its end");
    }
    int c = source.codePointAt(pos + 1);
    pos += 1 + Character.charCount(c);
    return switch (c) {
      case 'd' -> DIGITS;
      case 'D' -> DIGITS.complement();
      case 'w' -> PatternWriter.WORD;
      case 'W' -> PatternWriter.WORD.complement();
      case 's' -> negated ? WHITE_SPACE : SPACE;
      case 'S' -> (negated ? SPACE : WHITE_SPACE).complement();
      case 't' -> CodePoints.of('\t');
      case 'n' -> CodePoints.of('\n');
      case 'r' -> CodePoints.of('\r');
      case 'f' -> CodePoints.of('\f');
      case 'v' -> CodePoints.of(0x0B);
      case 'x' -> CodePoints.of(hex(at, 2));
      case 'u' -> CodePoints.of(unicode(at));
      case 'c' -> CodePoints.of(control(at));
      case 'p' -> property(at);
      case 'P' -> property(at).complement();
      case 'b', 'B' -> {
        if (!inClass || c == 'B') {
          throw refused(at, "a word boundary");
        }
        yield CodePoints.of('\b');
      }
      case '0' -> {
        if (pos < end && Character.isDigit(source.charAt(pos))) {
          throw refused(at, "an octal escape; write \\xHH");
        }
        yield CodePoints.of(0);
      }
      default -> {
        if (c >= '1' && c <= '9' || c == 'k') {
          throw refused(at, "a back reference");
        }
        if (Character.isLetterOrDigit(c)) {
          throw refused(at, "the escape \\" + Character.toString(c));
        }
        yield CodePoints.of(c);
      }
    };
  }

  private int hex(int at, int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = pos < end ? Character.digit(source.charAt(pos++), 16) : -1;
      if (digit < 0) {
        throw refused(at, "an escape without " + digits + " hexadecimal digits");
      }
      value = value * 16 + digit;
    }
    return value;
  }

  /** A code point as four digits, as two halves of four digits, or as any number of digits in braces. */
  private int unicode(int at) {
    if (source.startsWith("{", pos)) {
      int close = source.indexOf('}', pos);
      int digits = close - pos - 1;
      pos++;
      int value = close < 0 || close >= end || digits < 1 || digits > 6 ? -1 : hex(at, digits);
      if (!Character.isValidCodePoint(value) || isSurrogate(value)) {
        throw refused(at, "an escape \\u{...} of no character");
      }
      pos++;
      return value;
    }
    int first = hex(at, 4);
    if (!isSurrogate(first)) {
      return first;
    }
    int second = 0;
    if (source.startsWith("\\u", pos)) {
      pos += 2;
      second = hex(at, 4);
    }
    if (!Character.isHighSurrogate((char) first) || !Character.isLowSurrogate((char) second)) {
      throw refused(at, "half of a surrogate pair");
    }
    return Character.toCodePoint((char) first, (char) second);
  }

  private static boolean isSurrogate(int value) {
    return value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE;
  }

  private int control(int at) {
    char letter = pos < end ? source.charAt(pos++) : ' ';
    if (!(letter >= 'A' && letter <= 'Z' || letter >= 'a' && letter <= 'z')) {
      throw refused(at, "an escape \\c without a letter");
    }
    return letter % 32;
  }

  private CodePoints property(int at) {
    int close = source.startsWith("{", pos) ? source.indexOf('}', pos) : -1;
    String name = close < 0 || close >= end ? "" : source.substring(pos + 1, close);
    CodePoints found = UnicodeProperty.find(name);
    if (found == null) {
      throw refused(
          at,
          "an unknown property of Unicode; general categories such as \\p{L}, \\p{Lu} or \\p{Nd}, and scripts such as"
              + " \\p{Script=Greek}, can be enforced");
    }
    pos = close + 1;
    return found;
  }
}
