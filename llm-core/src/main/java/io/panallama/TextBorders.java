package io.panallama;

import java.lang.Character.UnicodeScript;
import java.text.BreakIterator;
import java.util.Locale;
import java.util.Set;

/**
 * Finds how much of a text that still grows can be given away: up to the last border that no continuation can move.
 *
 * <p>A border between words or sentences depends on what follows it: {@code "can"} is a word of {@code "can "} and none of
 * {@code "can't"}. So one counts only with enough text behind it. Not safe for use by several threads.
 */
final class TextBorders {
  /** Text without a border up to here is given away at a border of characters: nobody waits for longer. */
  static final int MAX_HELD = 1024;

  /**
   * Scripts that put no spaces between words. Java's iterator takes a run of them for one word; Unicode's rules, without a
   * dictionary, for a word at each character.
   */
  private static final Set<UnicodeScript> WITHOUT_SPACES =
      Set.of(
          UnicodeScript.HAN,
          UnicodeScript.HIRAGANA,
          UnicodeScript.THAI,
          UnicodeScript.LAO,
          UnicodeScript.KHMER,
          UnicodeScript.MYANMAR);

  private final StreamFlush unit;
  private final BreakIterator characters = BreakIterator.getCharacterInstance(Locale.ROOT);
  private final BreakIterator words = BreakIterator.getWordInstance(Locale.ROOT);
  private final BreakIterator sentences = BreakIterator.getSentenceInstance(Locale.ROOT);

  TextBorders(StreamFlush unit) {
    this.unit = unit;
  }

  /**
   * The length of the beginning that can be given away; 0 if there is none.
   *
   * @param text begins at a border
   */
  int firm(String text) {
    int border =
        switch (unit) {
          case TOKEN -> text.length();
          case WORD -> lastFirmWord(text);
          case SENTENCE -> lastFirmSentence(text);
        };
    return border == 0 && text.length() > MAX_HELD ? lastCharacter(text) : border;
  }

  /** Whether the unit has a border there in a text that does not grow any more. */
  boolean isBorder(String text, int index) {
    characters.setText(text);
    return switch (unit) {
      case TOKEN -> true;
      case WORD -> {
        words.setText(text);
        yield isWordBorder(text, index);
      }
      case SENTENCE -> {
        sentences.setText(text);
        yield sentences.isBoundary(index) && characters.isBoundary(index);
      }
    };
  }

  private int lastFirmWord(String text) {
    characters.setText(text);
    words.setText(text);
    int last = characters.last();
    int border = characters.previous();
    // The last character may get a mark yet, so the border before it is the first to look at.
    while (border > 0 && border != BreakIterator.DONE) {
      if (isWordBorder(text, border) && isFirmWord(text, border, last)) {
        return border;
      }
      border = characters.previous();
    }
    return 0;
  }

  private boolean isWordBorder(String text, int index) {
    if (!characters.isBoundary(index)) {
      return false;
    }
    return words.isBoundary(index) || hasNoSpaces(text.codePointBefore(index)) && hasNoSpaces(text.codePointAt(index));
  }

  /** Two characters behind a border decide about it: the one that could join both sides, and what it joins them to. */
  private boolean isFirmWord(String text, int border, int end) {
    if (isSpace(text.codePointAt(border)) != isSpace(text.codePointBefore(border))) {
      return true;
    }
    int next = characters.following(border);
    characters.preceding(next);
    return next < end;
  }

  private int lastFirmSentence(String text) {
    sentences.setText(text);
    characters.setText(text);
    int border = sentences.last();
    while ((border = sentences.previous()) > 0) {
      if (characters.isBoundary(border) && text.substring(border).codePoints().anyMatch(Character::isLetterOrDigit)) {
        return border;
      }
    }
    return 0;
  }

  private int lastCharacter(String text) {
    characters.setText(text);
    characters.last();
    return Math.max(0, characters.previous());
  }

  private static boolean isSpace(int character) {
    return Character.isWhitespace(character);
  }

  private static boolean hasNoSpaces(int character) {
    return WITHOUT_SPACES.contains(UnicodeScript.of(character));
  }
}
