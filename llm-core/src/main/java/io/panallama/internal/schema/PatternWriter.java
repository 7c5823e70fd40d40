package io.panallama.internal.schema;

import io.panallama.internal.schema.CodePoints.Range;
import java.util.ArrayList;
import java.util.List;

/** Writes the characters of a pattern, as a pattern of JSON texts in llama.cpp's form or as a grammar of texts in GBNF. */
final class PatternWriter {
  /** Characters that JSON can't contain unescaped, for use inside a class. */
  static final String UNSAFE = "\"\\\\\\x00-\\x1F\\x7F";

  static final CodePoints WORD =
      CodePoints.union(
          List.of(
              CodePoints.range('0', '9'), CodePoints.range('A', 'Z'), CodePoints.range('a', 'z'), CodePoints.of('_')));

  private static final CodePoints UNSAFE_SET =
      CodePoints.union(List.of(CodePoints.range(0, 0x1F), CodePoints.all("\"\\\u007F")));

  /** Literals that need no class in llama.cpp's patterns, nor in its grammars. */
  private static final CodePoints PLAIN = CodePoints.union(List.of(WORD, CodePoints.all(" !#%&',-/:;<=>@`~")));

  private static final String SHORT_ESCAPES = "\"\"\\\\\bb\ff\nn\rr\tt";

  /** llama.cpp takes patterns whose groups nest 100 deep, and any text for deeper ones; alternatives add a group here. */
  private static final int MAX_DEPTH = 99;

  private final StringBuilder result = new StringBuilder();

  /** Whether the text stands in JSON. */
  private final boolean json;

  PatternWriter(boolean json) {
    this.json = json;
  }

  /** Refuses groups that nest too deep. */
  static void requireDepth(int depth) {
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException("its groups nest deeper than " + MAX_DEPTH);
    }
  }

  /** Writes a parenthesis, a bar or a quantifier, which are the same everywhere. */
  void copy(String sign) {
    result.append(sign);
  }

  /**
   * Writes one character of a set.
   *
   * @param depth how deep the groups around it nest
   * @throws IllegalArgumentException if it can't be enforced; the message says why
   */
  void write(CodePoints set, int depth) {
    int single = set.single();
    if (single >= 0 && PLAIN.contains(single)) {
      result.append(json ? Character.toString(single) : "\"" + (char) single + "\"");
      return;
    }
    if (!json) {
      writePlainly(set);
      return;
    }
    if (set.contains(Character.MAX_CODE_POINT)) {
      result.append("[^").append(UNSAFE);
      members(set.complement().without(UNSAFE_SET));
      result.append(']');
      return;
    }
    if (set.ranges().isEmpty()) {
      throw new IllegalArgumentException("it has a class that no character fits");
    }
    CodePoints safe = set.without(UNSAFE_SET);
    List<String> escaped = escaped(set);
    if (escaped.isEmpty()) {
      result.append('[');
      members(safe);
      result.append(']');
      return;
    }
    requireDepth(depth + 1);
    result.append('(');
    if (!safe.ranges().isEmpty()) {
      result.append('[');
      members(safe);
      result.append("]|");
    }
    result.append(String.join("|", escaped)).append(')');
  }

  private void writePlainly(CodePoints set) {
    if (set.ranges().isEmpty()) {
      throw new IllegalArgumentException("it has a class that no character fits");
    }
    CodePoints others = set.complement();
    if (others.ranges().isEmpty()) {
      result.append('.');
      return;
    }
    boolean negated = set.contains(Character.MAX_CODE_POINT);
    result.append(negated ? "[^" : "[");
    members(negated ? others : set);
    result.append(']');
  }

  /** The members of a set as they are escaped in JSON. */
  private static List<String> escaped(CodePoints set) {
    List<String> ways = new ArrayList<>();
    StringBuilder letters = new StringBuilder();
    for (int one = 0; one <= 0x7F; one++) {
      if (UNSAFE_SET.contains(one) && set.contains(one)) {
        int at = shortEscape(one);
        if (at < 0) {
          ways.add("[\\\\]u00%02x".formatted(one));
        } else {
          letters.append(SHORT_ESCAPES.charAt(at) == '\\' ? "\\\\" : SHORT_ESCAPES.substring(at, at + 1));
        }
      }
    }
    if (!letters.isEmpty()) {
      ways.addFirst("[\\\\][" + letters + "]");
    }
    return ways;
  }

  /** Where {@link #SHORT_ESCAPES} has the letter of the escape of a character; -1 if it has none. */
  private static int shortEscape(int one) {
    for (int i = 0; i < SHORT_ESCAPES.length(); i += 2) {
      if (SHORT_ESCAPES.charAt(i) == one) {
        return i + 1;
      }
    }
    return -1;
  }

  private void members(CodePoints set) {
    for (Range range : set.ranges()) {
      member(range.from());
      if (range.to() > range.from()) {
        if (range.to() > range.from() + 1) {
          result.append('-');
        }
        member(range.to());
      }
    }
  }

  private void member(int codePoint) {
    if (WORD.contains(codePoint)) {
      result.append((char) codePoint);
    } else {
      String form = codePoint < 0x100 ? "\\x%02X" : codePoint < 0x10000 ? "\\u%04X" : "\\U%08X";
      result.append(form.formatted(codePoint));
    }
  }

  /** What was written. */
  @Override
  public String toString() {
    return result.toString();
  }
}
