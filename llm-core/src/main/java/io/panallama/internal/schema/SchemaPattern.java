package io.panallama.internal.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rewrites the regular expressions of JSON schemas into the form that llama.cpp's grammars support.
 *
 * <p>llama.cpp copies a pattern into the grammar of a JSON text, where {@code .} and {@code [^a]} would allow quotes,
 * backslashes and line breaks, which JSON has to escape. They are narrowed to characters that need no escape;
 * {@code \d}, {@code \w} and {@code \s}, which it doesn't know, are expanded.
 */
public final class SchemaPattern {
  /** Characters that JSON can't contain unescaped, for use inside a class. */
  private static final String UNSAFE = "\"\\\\\\x00-\\x1F\\x7F";

  /** What may stand in front of a pattern that does not begin with ^, and behind one that does not end with $. */
  private static final String ANYTHING = "[^" + UNSAFE + "]*";

  private static final Pattern QUANTIFIER = Pattern.compile("[*+?]|\\{(\\d+)(?:,(\\d*))?}");

  /** The maximum number of repetitions in llama.cpp's grammars. */
  private static final int MAX_REPETITIONS = 2000;

  /** llama.cpp takes patterns whose groups nest 100 deep, and any text for deeper ones; alternatives add a group here. */
  private static final int MAX_DEPTH = 99;

  private final String source;
  private final StringBuilder result = new StringBuilder("^");
  private int pos = 1;
  private int depth;
  private boolean repeatable;

  private SchemaPattern(String source) {
    this.source = source;
  }

  /**
   * @throws IllegalArgumentException if it can't be enforced; the message says why
   */
  public static String rewrite(String pattern) {
    List<String> ways = new ArrayList<>();
    for (String way : ways(pattern)) {
      boolean begins = way.startsWith("^");
      boolean ends = way.endsWith("$") && !endsEscaped(way);
      String inner = new SchemaPattern("^" + way.substring(begins ? 1 : 0, way.length() - (ends ? 1 : 0)) + "$").run();
      inner = inner.substring(1, inner.length() - 1);
      ways.add((begins ? "" : ANYTHING) + inner + (ends ? "" : ANYTHING));
    }
    return "^" + (ways.size() == 1 ? ways.getFirst() : "(" + String.join("|", ways) + ")") + "$";
  }

  /** Whether the last character is escaped: an odd number of backslashes is in front of it. */
  private static boolean endsEscaped(String pattern) {
    int begin = pattern.length() - 1;
    while (begin > 0 && pattern.charAt(begin - 1) == '\\') {
      begin--;
    }
    return (pattern.length() - 1 - begin) % 2 == 1;
  }

  /** The alternatives outside of groups, each of which has anchors of its own. */
  private static List<String> ways(String pattern) {
    List<String> ways = new ArrayList<>();
    int begin = 0;
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
        ways.add(pattern.substring(begin, i));
        begin = i + 1;
      }
    }
    ways.add(pattern.substring(begin));
    return ways;
  }

  private String run() {
    int end = source.length() - 1;
    while (pos < end) {
      char c = source.charAt(pos);
      if ("*+?{".indexOf(c) >= 0) {
        quantifier(end);
        continue;
      }
      repeatable = c != '(' && c != '|';
      switch (c) {
        case '.' -> {
          result.append("[^").append(UNSAFE).append(']');
          pos++;
        }
        case '[' -> characterClass();
        case '\\' -> escape();
        case '(' -> group();
        case ')' -> {
          if (--depth < 0) {
            throw new IllegalArgumentException("its parentheses don't match");
          }
          result.append(c);
          pos++;
        }
        case ']', '}' -> throw new IllegalArgumentException("it has a " + c + " without a beginning");
        case '^', '$' -> throw new IllegalArgumentException("it has ^ or $ inside");
        case '"' -> throw new IllegalArgumentException("it has a quotation mark, which JSON escapes");
        default -> {
          if (c < ' ' || c == 0x7F) {
            throw new IllegalArgumentException("it has a control character, which JSON escapes");
          }
          result.append(c);
          pos++;
        }
      }
    }
    if (depth != 0) {
      throw new IllegalArgumentException("its parentheses don't match");
    }
    return result.append('$').toString();
  }

  /** Reads one quantifier after something to repeat: a second one would make it lazy or possessive. */
  private void quantifier(int end) {
    if (!repeatable) {
      throw new IllegalArgumentException("it has a quantifier without anything to repeat, or a lazy one");
    }
    repeatable = false;
    Matcher matcher = QUANTIFIER.matcher(source).region(pos, end);
    if (!matcher.lookingAt()) {
      throw new IllegalArgumentException("it has a { that begins no quantifier");
    }
    for (int i = 1; i <= 2; i++) {
      String count = matcher.group(i);
      if (count != null && !count.isEmpty() && (count.length() > 4 || Integer.parseInt(count) > MAX_REPETITIONS)) {
        throw new IllegalArgumentException("it has more than " + MAX_REPETITIONS + " repetitions");
      }
    }
    result.append(matcher.group());
    pos = matcher.end();
  }

  private void group() {
    if (source.startsWith("(?", pos) && !source.startsWith("(?:", pos)) {
      throw new IllegalArgumentException("it has a group that begins with (? and is not (?:");
    }
    int length = source.startsWith("(?:", pos) ? 3 : 1;
    result.append('(');
    depth++;
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException("its groups nest deeper than " + MAX_DEPTH);
    }
    pos += length;
  }

  private void escape() {
    char c = source.charAt(pos + 1);
    switch (c) {
      case 'd' -> result.append("[0-9]");
      case 'w' -> result.append("[A-Za-z0-9_]");
      case 's' -> result.append("[ ]");
      default -> {
        if (Character.isLetterOrDigit(c) || c == '\\' || c == '"') {
          throw new IllegalArgumentException("it has the escape \\" + c);
        }
        literal(c);
      }
    }
    pos += 2;
  }

  /** Writes a literal character in its own class, where only the class's own metacharacters are special. */
  private void literal(char c) {
    result.append('[').append("[]-^".indexOf(c) >= 0 ? "\\x" + Integer.toHexString(c) : String.valueOf(c)).append(']');
  }

  private void characterClass() {
    pos++;
    boolean negated = source.charAt(pos) == '^';
    if (negated) {
      pos++;
    }
    StringBuilder members = new StringBuilder();
    while (source.charAt(pos) != ']') {
      char c = source.charAt(pos);
      if (pos == source.length() - 1) {
        throw new IllegalArgumentException("it has a class without an end");
      }
      if (c == '\\') {
        members.append(escapeInClass(source.charAt(pos + 1)));
        pos++;
      } else if (c == '[') {
        members.append("\\[");
      } else if (c == '"' || c < ' ') {
        throw new IllegalArgumentException("it has a class with a character that JSON escapes");
      } else {
        requireSafeRange(c);
        members.append(c);
      }
      pos++;
    }
    pos++;
    if (members.isEmpty()) {
      throw new IllegalArgumentException("it has an empty class");
    }
    result.append(negated ? "[^" + UNSAFE : "[").append(members).append(']');
  }

  /** A range such as {@code !-~} includes the quotation mark and the backslash. */
  private void requireSafeRange(char low) {
    boolean range = source.startsWith("-", pos + 1) && !source.startsWith("-]", pos + 1);
    if (range) {
      char high = source.charAt(pos + 2);
      if (low <= '"' && high >= '"' || low <= '\\' && high >= '\\') {
        throw new IllegalArgumentException("it has a class with a range over characters that JSON escapes");
      }
    }
  }

  private static String escapeInClass(char c) {
    return switch (c) {
      case 'd' -> "0-9";
      case 'w' -> "A-Za-z0-9_";
      case 's' -> " ";
      case '[', ']', '-' -> "\\" + c;
      default -> {
        if (Character.isLetterOrDigit(c) || c == '\\' || c == '"') {
          throw new IllegalArgumentException("it has the escape \\" + c + " in a class");
        }
        yield c == '^' ? "\\x5E" : String.valueOf(c);
      }
    };
  }
}
