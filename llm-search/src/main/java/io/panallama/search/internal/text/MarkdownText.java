package io.panallama.search.internal.text;

import java.util.List;
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

  /** Finds the headings of a text. */
  public static ParsedText parse(String text) {
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
    return new ParsedText(outline.title(), text, outline.sections());
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
