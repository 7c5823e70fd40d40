package io.panallama.internal.request;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Edits the grammars that llama.cpp writes for schemas and chat formats: one rule a line. */
final class AnswerGrammar {
  /**
   * What llama.cpp's parser for most templates accepts around the JSON of a response format: a code fence, which is no part of
   * the content, and white space. The names of the rules have a prefix where there are tools as well.
   */
  private static final Pattern FENCED =
      Pattern.compile(
          "(?m)^((\\S*)root ::= .*?)(?:\\2space )+\\(\"```json\" \\2space \\2response-format \\2space \"```\" \\|"
              + " \\2space \\2response-format \\2space\\)$");

  /** An answer that is nothing but the end of the prompt and the format. */
  private static final Pattern PLAIN = Pattern.compile("root ::= (?:\"((?:[^\"\\\\]|\\\\.)*)\" )?");

  private AnswerGrammar() {}

  /**
   * Leaves the JSON of a response format without a code fence and without white space after it: both would be computed and
   * counted, and no client sees them. In front of it there is as much white space as the template may write in the prompt; where
   * the template writes none, a space, with which the first token of many vocabularies begins. An answer that may be a call
   * instead keeps what may be in front of a call, so that a space or a new line does not decide between the two.
   *
   * @param grammar a chat's
   * @param beginning what the prompt has of the answer already
   */
  static String withoutFence(String grammar, String beginning) {
    if (!grammar.contains("(\"```json\" ")) {
      return grammar;
    }
    Matcher fenced = FENCED.matcher(grammar);
    StringBuilder edited = new StringBuilder();
    while (fenced.find()) {
      String front = fenced.group(1);
      String prefix = fenced.group(2);
      Matcher plain = PLAIN.matcher(front);
      boolean complete = plain.matches() && beginning.equals(plain.group(1) == null ? "" : unescaped(plain.group(1)));
      String space = complete ? "\" \"? " : prefix + "space ";
      fenced.appendReplacement(edited, Matcher.quoteReplacement(front + space + prefix + "response-format"));
    }
    return fenced.appendTail(edited).toString();
  }

  /** The text of a literal as llama.cpp escapes it ({@code gbnf_format_literal}). */
  private static String unescaped(String literal) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < literal.length(); i++) {
      char c = literal.charAt(i);
      if (c == '\\' && i + 1 < literal.length()) {
        c = literal.charAt(++i);
        c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
      }
      text.append(c);
    }
    return text.toString();
  }

  /**
   * Makes each group that is repeated, or has something repeated in it, a rule of its own. llama.cpp's parser multiplies a
   * number of repetitions by the number of rules that it made for what is repeated, and refuses more than 2000: an array of
   * at most 2000 items is an optional group around a group that is repeated 1999 times. A name counts as one rule.
   */
  static String withNamedGroups(String grammar) {
    String prefix = "group-";
    while (grammar.contains(prefix)) {
      prefix = "g" + prefix;
    }
    return new Groups(grammar, prefix).named();
  }

  /** A group that is being read. */
  private static final class Group {
    private final StringBuilder text = new StringBuilder();
    private boolean repeats;
  }

  private static final class Groups {
    private final String grammar;
    private final String prefix;
    private final StringBuilder rules = new StringBuilder();
    private final Deque<Group> open = new ArrayDeque<>();
    private int count;
    private int pos;

    Groups(String grammar, String prefix) {
      this.grammar = grammar;
      this.prefix = prefix;
    }

    String named() {
      open.push(new Group());
      while (pos < grammar.length()) {
        char c = grammar.charAt(pos);
        switch (c) {
          case '"' -> copyTo('"');
          case '[' -> copyTo(']');
          case '{' -> {
            open.element().repeats = true;
            copyTo('}');
          }
          case '(' -> {
            open.push(new Group());
            pos++;
          }
          case ')' -> close();
          default -> {
            open.element().text.append(c);
            pos++;
          }
        }
      }
      while (open.size() > 1) {
        // Parentheses that do not match: left for the parser to refuse.
        Group unclosed = open.pop();
        open.element().text.append('(').append(unclosed.text);
      }
      StringBuilder whole = open.pop().text;
      return count == 0
          ? grammar
          : whole.append(whole.isEmpty() || endsLine(whole) ? "" : "\n").append(rules).toString();
    }

    private static boolean endsLine(StringBuilder text) {
      return text.charAt(text.length() - 1) == '\n';
    }

    private void copyTo(char close) {
      int end = pos + 1;
      while (end < grammar.length() && grammar.charAt(end) != close) {
        end += grammar.charAt(end) == '\\' ? 2 : 1;
      }
      end = Math.min(end + 1, grammar.length());
      open.element().text.append(grammar, pos, end);
      pos = end;
    }

    private void close() {
      pos++;
      if (open.size() == 1) {
        open.element().text.append(')');
        return;
      }
      Group closed = open.pop();
      StringBuilder around = open.element().text;
      int next = pos;
      while (next < grammar.length() && grammar.charAt(next) == ' ') {
        next++;
      }
      if (closed.repeats || next < grammar.length() && grammar.charAt(next) == '{') {
        String name = prefix + count++;
        rules.append(name).append(" ::= ").append(closed.text.toString().strip()).append('\n');
        around.append(' ').append(name).append(' ');
      } else {
        around.append('(').append(closed.text).append(')');
      }
    }
  }
}
