package io.panallama.search.internal.text;

import java.util.List;
import java.util.Optional;
import org.commonmark.node.Code;
import org.commonmark.node.Heading;
import org.commonmark.node.Node;
import org.commonmark.node.SourceSpan;
import org.commonmark.node.Text;
import org.commonmark.parser.IncludeSourceSpans;
import org.commonmark.parser.Parser;

/** Markdown as it stands, so that offsets are those of the file, with its headings as sections. */
public final class MarkdownText {
  private MarkdownText() {}

  /**
   * Finds the headings of a file. Front matter becomes blank, and its title that of the text; a file that has nothing else stays
   * as it is.
   */
  public static ParsedText parse(String file) {
    Optional<FrontMatter> front = FrontMatter.of(file).filter(found -> !file.substring(found.end()).isBlank());
    String text = front.map(found -> blanked(file, found.end())).orElse(file);
    Node document = Parser.builder().includeSourceSpans(IncludeSourceSpans.BLOCKS).build().parse(text);
    Outline outline = new Outline();
    for (Node block = document.getFirstChild(); block != null; block = block.getNext()) {
      List<SourceSpan> spans = block.getSourceSpans();
      if (block instanceof Heading heading && !spans.isEmpty()) {
        SourceSpan last = spans.getLast();
        int start = spans.getFirst().getInputIndex();
        outline.add(heading.getLevel(), words(heading), start, last.getInputIndex() + last.getLength(), text);
      }
    }
    String title = front.map(FrontMatter::title).filter(named -> !named.isBlank()).orElse(outline.title());
    return new ParsedText(title, text, outline.sections());
  }

  /** As long as before, so that offsets are those of the file. */
  private static String blanked(String text, int end) {
    StringBuilder blank = new StringBuilder(text);
    for (int i = 0; i < end; i++) {
      if (!Character.isWhitespace(text.charAt(i))) {
        blank.setCharAt(i, ' ');
      }
    }
    return blank.toString();
  }

  /** The words of a heading without its markup. Not by recursion: markup may be nested as deep as a line is long. */
  private static String words(Heading heading) {
    StringBuilder words = new StringBuilder();
    Node node = heading.getFirstChild();
    while (node != null && node != heading) {
      if (node instanceof Text text) {
        words.append(text.getLiteral());
      } else if (node instanceof Code code) {
        words.append(code.getLiteral());
      } else if (node.getFirstChild() != null) {
        node = node.getFirstChild();
        continue;
      }
      while (node != heading && node.getNext() == null) {
        node = node.getParent();
      }
      if (node != heading) {
        node = node.getNext();
      }
    }
    return words.toString();
  }
}
