package io.panallama.search.internal.text;

import io.panallama.search.document.Document;
import io.panallama.search.document.Section;
import io.panallama.search.ingest.TokenCounter;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Divides texts into chunks of whole sentences, as many as fit. A chunk begins with the last sentences of the one before it, up
 * to a number of tokens, but never crosses a heading. A sentence that is too long is divided at the ends of lines, else between
 * words, else between characters.
 */
public final class Chunker {
  /** Characters per token beyond which a chunk is too long whatever its tokens: WordPiece takes any long word for one token. */
  private static final int MOST_CHARACTERS_PER_TOKEN = 16;

  private final TokenCounter tokens;
  private final int maxTokens;
  private final int overlapTokens;

  /**
   * A chunker.
   *
   * @param maxTokens the most tokens of a chunk with its context
   * @param overlapTokens the most tokens that a chunk repeats
   */
  public Chunker(TokenCounter tokens, int maxTokens, int overlapTokens) {
    this.tokens = tokens;
    this.maxTokens = maxTokens;
    this.overlapTokens = overlapTokens;
  }

  /** The chunks of a document, in order; at least one. */
  public List<Chunk> chunks(Document document) {
    List<Chunk> chunks = new ArrayList<>();
    List<Section> sections = document.sections();
    int begin = 0;
    List<String> headings = List.of();
    for (int i = 0; i <= sections.size(); i++) {
      boolean last = i == sections.size();
      if (last || !sections.get(i).headings().equals(headings)) {
        int end = last ? document.text().length() : sections.get(i).start();
        new Region(document, begin, end, headings).addTo(chunks);
        begin = end;
        headings = last ? headings : sections.get(i).headings();
      }
    }
    return chunks;
  }

  /** A sentence, or a part of one. */
  private record Unit(int start, int end, int tokens) {}

  /** A part of a text that no chunk crosses. */
  private final class Region {
    private final Document document;
    private final String text;
    private final int begin;
    private final int end;
    private final List<String> headings;
    private final String context;
    private final int budget;
    private final int maxCharacters;

    Region(Document document, int begin, int end, List<String> headings) {
      this.document = document;
      this.text = document.text();
      this.begin = begin;
      this.end = end;
      this.headings = headings;
      this.context = context();
      this.budget = context.isEmpty() ? maxTokens : maxTokens - tokens.count(context);
      this.maxCharacters = budget * MOST_CHARACTERS_PER_TOKEN;
    }

    /** Title and headings, or the last heading alone, or nothing: what takes a quarter of a chunk at most. */
    private String context() {
      List<String> all =
          Stream.concat(Stream.of(document.title()), headings.stream())
              .map(String::strip)
              .filter(each -> !each.isEmpty())
              .distinct()
              .toList();
      if (all.isEmpty()) {
        return "";
      }
      return Stream.of(String.join(" > ", all), all.getLast())
          .map(each -> each + "\n")
          .filter(each -> each.length() <= maxCharactersOfContext() && tokens.count(each) <= maxTokens / 4)
          .findFirst()
          .orElse("");
    }

    private int maxCharactersOfContext() {
      return maxTokens / 4 * MOST_CHARACTERS_PER_TOKEN;
    }

    void addTo(List<Chunk> chunks) {
      List<Unit> units = units();
      int first = 0;
      // Units before this one are in a chunk already.
      int fresh = 0;
      while (fresh < units.size()) {
        int next = fresh + 1;
        while (first < fresh && !fits(units, first, next)) {
          first++;
        }
        while (next < units.size() && fits(units, first, next + 1)) {
          next++;
        }
        while (next > fresh + 1 && tokens.count(joined(units, first, next)) > budget) {
          next--;
        }
        int start = units.get(first).start;
        int stop = units.get(next - 1).end;
        chunks.add(new Chunk(start, stop, headings, page(start), page(stop - 1), context));
        fresh = next;
        first = overlapStart(units, first, next);
      }
    }

    private boolean fits(List<Unit> units, int from, int to) {
      int sum = units.subList(from, to).stream().mapToInt(Unit::tokens).sum();
      return sum <= budget && units.get(to - 1).end - units.get(from).start <= maxCharacters;
    }

    private String joined(List<Unit> units, int from, int to) {
      return text.substring(units.get(from).start, units.get(to - 1).end);
    }

    private int overlapStart(List<Unit> units, int from, int to) {
      int start = to;
      int sum = 0;
      while (start > from + 1 && sum + units.get(start - 1).tokens <= overlapTokens) {
        start--;
        sum += units.get(start).tokens;
      }
      return start;
    }

    private int page(int offset) {
      int page = Section.NO_PAGE;
      for (Section section : document.sections()) {
        if (section.start() > offset) {
          break;
        }
        page = section.page();
      }
      return page;
    }

    private List<Unit> units() {
      List<Unit> units = new ArrayList<>();
      BreakIterator sentences = BreakIterator.getSentenceInstance(Locale.ROOT);
      int paragraph = begin;
      while (paragraph < end) {
        int next = paragraphEnd(paragraph);
        sentences.setText(text.substring(paragraph, next));
        int from = sentences.first();
        for (int to = sentences.next(); to != BreakIterator.DONE; to = sentences.next()) {
          addUnit(units, paragraph + from, paragraph + to);
          from = to;
        }
        paragraph = next;
      }
      return units;
    }

    /** The offset behind the next blank line. */
    private int paragraphEnd(int from) {
      boolean blank = false;
      for (int i = from; i < end; i++) {
        char c = text.charAt(i);
        if (c == '\n') {
          if (blank) {
            return i + 1;
          }
          blank = true;
        } else if (!Character.isWhitespace(c)) {
          blank = false;
        }
      }
      return end;
    }

    /** Adds what is left of a range without the white space around it, if anything is. */
    private void addUnit(List<Unit> units, int from, int to) {
      int start = from;
      int stop = to;
      while (start < stop && isSpace(text.charAt(start))) {
        start++;
      }
      while (stop > start && isSpace(text.charAt(stop - 1))) {
        stop--;
      }
      if (start == stop) {
        return;
      }
      int count = stop - start > maxCharacters ? Integer.MAX_VALUE : tokens.count(text.substring(start, stop));
      if (count <= budget) {
        units.add(new Unit(start, stop, count));
        return;
      }
      int cut = cut(start, stop);
      addUnit(units, start, cut);
      // Not by recursion: a text without any border has thousands of parts.
      int rest = cut;
      while (stop - rest > maxCharacters) {
        cut = cut(rest, stop);
        addUnit(units, rest, cut);
        rest = cut;
      }
      addUnit(units, rest, stop);
    }

    private static boolean isSpace(char c) {
      return Character.isWhitespace(c) || Character.isSpaceChar(c);
    }

    /** The largest border within a range up to which it fits into a chunk. */
    private int cut(int from, int to) {
      int window = Math.min(to, from + maxCharacters);
      int cut = largest(from, lines(from, window));
      if (cut < 0) {
        cut = largest(from, borders(BreakIterator.getWordInstance(Locale.ROOT), from, window));
      }
      if (cut < 0) {
        cut = largest(from, borders(BreakIterator.getCharacterInstance(Locale.ROOT), from, window));
      }
      return cut < 0 ? text.offsetByCodePoints(from, 1) : cut;
    }

    private List<Integer> lines(int from, int to) {
      List<Integer> borders = new ArrayList<>();
      for (int i = text.indexOf('\n', from); i >= 0 && i + 1 < to; i = text.indexOf('\n', i + 1)) {
        borders.add(i + 1);
      }
      return borders;
    }

    private List<Integer> borders(BreakIterator of, int from, int to) {
      of.setText(text.substring(from, to));
      List<Integer> borders = new ArrayList<>();
      of.first();
      for (int border = of.next(); border != BreakIterator.DONE; border = of.next()) {
        if (border < to - from) {
          borders.add(from + border);
        }
      }
      return borders;
    }

    /** The largest border that fits; -1 if none does. */
    private int largest(int from, List<Integer> borders) {
      int low = -1;
      int high = borders.size();
      while (high - low > 1) {
        int middle = (low + high) >>> 1;
        if (tokens.count(text.substring(from, borders.get(middle))) <= budget) {
          low = middle;
        } else {
          high = middle;
        }
      }
      return low < 0 ? -1 : borders.get(low);
    }
  }
}
