package io.panallama.search.internal.text;

import java.io.IOException;
import java.util.Set;
import java.util.regex.Pattern;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;
import org.jsoup.select.NodeTraversor;

/** The visible text of a page, with its headings as sections. */
public final class HtmlText {
  private static final Set<String> INVISIBLE =
      Set.of("head", "script", "style", "noscript", "template", "svg", "iframe", "object", "select", "button");

  /** Menus, which each page of a site has. */
  private static final String MENU = "nav";

  private static final String SOFT_HYPHEN = "\u00AD";

  private static final Pattern NOT_DISPLAYED =
      Pattern.compile("(?:^|;)\\s*display\\s*:\\s*none\\b", Pattern.CASE_INSENSITIVE);

  /** What has blank lines around it. */
  private static final String PARAGRAPH = "p|h[1-6]|pre|table|ul|ol|blockquote";

  private HtmlText() {}

  /**
   * Reads a page.
   *
   * @throws IOException if it can't be decoded
   */
  public static ParsedText parse(byte[] bytes) throws IOException {
    Document page = HtmlCharset.parse(bytes);
    Collector collector = new Collector();
    NodeTraversor.filter(collector, page);
    String title = page.title().strip();
    return new ParsedText(
        title.isEmpty() ? collector.outline.title() : title, collector.text.toString(), collector.outline.sections());
  }

  private static final class Collector implements NodeFilter {
    private final StringBuilder text = new StringBuilder();
    private final Outline outline = new Outline();
    private int headingStart;
    private int preformatted;

    @Override
    public FilterResult head(Node node, int depth) {
      if (node instanceof TextNode words) {
        append(words);
      } else if (node instanceof Element element) {
        String name = element.normalName();
        if (INVISIBLE.contains(name) || name.equals(MENU) || isHidden(element)) {
          return FilterResult.SKIP_ENTIRELY;
        }
        open(element);
      }
      return FilterResult.CONTINUE;
    }

    /** Whether a page says that nobody sees an element. Pages that hide all of themselves show it by a script. */
    private static boolean isHidden(Element element) {
      if (element.normalName().equals("html") || element.normalName().equals("body")) {
        return false;
      }
      boolean hidden = element.hasAttr("hidden") && !element.attr("hidden").equalsIgnoreCase("until-found");
      return hidden || NOT_DISPLAYED.matcher(element.attr("style")).find();
    }

    private void open(Element element) {
      if (endsLine(element)) {
        endLine(element.normalName().matches(PARAGRAPH));
      }
      switch (element.normalName()) {
        case "br" -> text.append('\n');
        case "td", "th" -> space();
        case "img" -> {
          space();
          append(element.attr("alt"));
          space();
        }
        case "li" -> text.append("- ");
        case "pre" -> preformatted++;
        case "h1", "h2", "h3", "h4", "h5", "h6" -> headingStart = text.length();
        default -> {
          // Nothing in front of its text.
        }
      }
    }

    @Override
    public FilterResult tail(Node node, int depth) {
      if (node instanceof Element element) {
        String name = element.normalName();
        if (name.equals("pre")) {
          preformatted--;
        } else if (name.matches("h[1-6]")) {
          int end = text.length();
          if (end > headingStart) {
            outline.add(name.charAt(1) - '0', text.substring(headingStart, end), headingStart, end, text);
          }
        }
        if (endsLine(element)) {
          endLine(name.matches(PARAGRAPH));
        }
      }
      return FilterResult.CONTINUE;
    }

    private static boolean endsLine(Element element) {
      return element.isBlock() && !element.normalName().matches("t[dh]");
    }

    private void append(TextNode words) {
      // Where a word may be divided is no part of it.
      String all = words.getWholeText().replace(SOFT_HYPHEN, "");
      if (preformatted > 0) {
        text.append(all);
      } else {
        append(all);
      }
    }

    private void append(String all) {
      for (int i = 0; i < all.length(); i++) {
        char c = all.charAt(i);
        if (Character.isWhitespace(c) || c == '\u00A0') {
          space();
        } else {
          text.append(c);
        }
      }
    }

    private void space() {
      if (!text.isEmpty() && !Character.isWhitespace(text.charAt(text.length() - 1))) {
        text.append(' ');
      }
    }

    /** Ends the line if there is one, and adds a blank one between paragraphs. */
    private void endLine(boolean paragraph) {
      while (!text.isEmpty() && text.charAt(text.length() - 1) == ' ') {
        text.setLength(text.length() - 1);
      }
      if (!text.isEmpty() && text.charAt(text.length() - 1) != '\n') {
        text.append('\n');
      }
      boolean blank = text.length() < 2 || text.charAt(text.length() - 2) == '\n';
      if (paragraph && !text.isEmpty() && !blank) {
        text.append('\n');
      }
    }
  }
}
