package io.panallama.search.internal.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a Markdown file says of itself before its text: YAML between lines of {@code ---}, or TOML between lines of {@code +++}.
 *
 * @param end the offset of the text behind it
 * @param title the value of {@code title}; empty if there is none
 */
record FrontMatter(int end, String title) {
  /** A line of YAML that is not indented: a key, an entry of a list, a comment, or the end of a value in brackets. */
  private static final Pattern YAML =
      Pattern.compile("(?:\"[^\"]*\"|'[^']*'|[^\\s#:'\"][^:]*):(?:\\s.*)?|-(?:\\s.*)?|#.*|[\\]}].*");

  private static final Pattern TOML = Pattern.compile("[^=]+=.*|[\\[#\\]}\"'].*");
  private static final Pattern TITLE = Pattern.compile("[\"']?title[\"']?\\s*[:=](.*)", Pattern.CASE_INSENSITIVE);

  /** How a YAML value begins that stands in the lines below. */
  private static final Pattern BLOCK = Pattern.compile("[|>][-+0-9]*(?:\\s+#.*)?");

  /** The front matter at the beginning of a text; empty if there is none. */
  static Optional<FrontMatter> of(String text) {
    int at = lineEnd(text, 0);
    String fence = text.substring(0, at).stripTrailing();
    if (!fence.equals("---") && !fence.equals("+++")) {
      return Optional.empty();
    }
    boolean yaml = fence.equals("---");
    List<String> lines = new ArrayList<>();
    while (at < text.length()) {
      int end = lineEnd(text, at);
      String line = text.substring(at, end).stripTrailing();
      at = end;
      if (line.equals(fence) || yaml && line.equals("...")) {
        boolean empty = lines.stream().allMatch(String::isEmpty);
        return empty ? Optional.empty() : Optional.of(new FrontMatter(end, title(lines)));
      }
      // Otherwise the first line is a rule across the page.
      boolean indented = !line.isEmpty() && Character.isWhitespace(line.charAt(0));
      if (!line.isEmpty() && !indented && !(yaml ? YAML : TOML).matcher(line).matches()) {
        return Optional.empty();
      }
      lines.add(line);
    }
    return Optional.empty();
  }

  private static int lineEnd(String text, int from) {
    int end = text.indexOf('\n', from);
    return end < 0 ? text.length() : end + 1;
  }

  private static String title(List<String> lines) {
    for (int i = 0; i < lines.size(); i++) {
      Matcher title = TITLE.matcher(lines.get(i));
      if (title.matches()) {
        String value = title.group(1).strip();
        return BLOCK.matcher(value).matches() ? indented(lines.subList(i + 1, lines.size())) : scalar(value);
      }
    }
    return "";
  }

  private static String indented(List<String> lines) {
    StringBuilder value = new StringBuilder();
    for (String line : lines) {
      if (!line.isEmpty() && !Character.isWhitespace(line.charAt(0))) {
        break;
      }
      value.append(line.strip()).append(' ');
    }
    return value.toString().strip();
  }

  /** A value in quotes, in which some characters are escaped, or one without. */
  private static String scalar(String value) {
    char quote = value.isEmpty() ? ' ' : value.charAt(0);
    if (quote != '"' && quote != '\'') {
      int comment = (" " + value).indexOf(" #");
      return comment < 0 ? value : value.substring(0, Math.max(0, comment - 1)).strip();
    }
    StringBuilder plain = new StringBuilder();
    for (int i = 1; i < value.length(); i++) {
      char c = value.charAt(i);
      boolean more = i + 1 < value.length();
      if (c == quote && !(quote == '\'' && more && value.charAt(i + 1) == quote)) {
        break;
      }
      if (more && (c == quote || c == '\\' && quote == '"')) {
        c = value.charAt(++i);
        if (c == 'u' && quote == '"' && value.substring(i + 1).matches("[0-9a-fA-F]{4}.*")) {
          c = (char) Integer.parseInt(value, i + 1, i + 5, 16);
          i += 4;
        } else if (quote == '"' && (c == 'n' || c == 't')) {
          c = ' ';
        }
      }
      plain.append(c);
    }
    return plain.toString();
  }
}
