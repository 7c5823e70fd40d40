package io.panallama.search.internal.text;

import io.panallama.search.document.Section;
import java.util.ArrayList;
import java.util.List;

/** Headings as they come, as sections with the path of headings above each. Not thread-safe. */
final class Outline {
  private static final int LONGEST_HEADING = 500;

  private record Heading(int level, String text) {}

  private final List<Heading> path = new ArrayList<>();
  private final List<Section> sections = new ArrayList<>();
  private String title = "";
  private int bodyStart;

  /**
   * Adds a heading.
   *
   * @param level 1 for the outermost
   * @param start offset of the heading in the text
   * @param end offset behind it
   * @param text all of the text so far, at least up to {@code start}
   */
  void add(int level, String heading, int start, int end, CharSequence text) {
    String shown = heading.strip();
    if (shown.isEmpty()) {
      return;
    }
    if (shown.length() > LONGEST_HEADING) {
      shown = shown.substring(0, shown.offsetByCodePoints(0, shown.codePointCount(0, LONGEST_HEADING)));
    }
    while (!path.isEmpty() && path.getLast().level >= level) {
      path.removeLast();
    }
    path.add(new Heading(level, shown));
    if (title.isEmpty() && level == 1) {
      title = shown;
    }
    // A heading without any text below it stands with the next one: by itself it would be a passage that says nothing.
    int from = start;
    if (!sections.isEmpty() && isBlank(text, bodyStart, start)) {
      from = sections.removeLast().start();
    }
    sections.add(new Section(from, path.stream().map(Heading::text).toList(), Section.NO_PAGE));
    bodyStart = end;
  }

  private static boolean isBlank(CharSequence text, int from, int to) {
    for (int i = from; i < to; i++) {
      if (!Character.isWhitespace(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** The first heading of level 1; empty if there is none. */
  String title() {
    return title;
  }

  List<Section> sections() {
    return List.copyOf(sections);
  }
}
