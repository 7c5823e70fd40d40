package io.panallama.internal.stream;

import io.panallama.request.StreamFlush;
import java.lang.Character.UnicodeScript;
import java.text.BreakIterator;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;

/**
 * Finds how much of a growing text can be released: up to the last border that no continuation can move.
 *
 * <p>A border between words or sentences depends on what follows it: {@code "can"} is a word of {@code "can "} but not of {@code "can't"}. So a border counts only once enough text follows it. Not thread-safe.
 */
public final class TextBorders {
  /** Text without a border within this many chars is released at a character border, so that the reader does not wait any longer. */
  static final int MAX_HELD = 1024;

  /**
   * Scripts that put no spaces between words. Java's iterator takes a run of their characters for one word; Unicode's rules, which use no dictionary, treat each character as a word.
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

  public TextBorders(StreamFlush unit) {
    this.unit = unit;
  }

  /**
   * Returns the length of the beginning that can be released; 0 if there is none.
   *
   * @param text begins at a border
   */
  public int firm(String text) {
    int border =
        switch (unit) {
          case TOKEN -> text.length();
          case WORD -> lastFirmWord(text);
          case SENTENCE -> lastFirmSentence(text);
        };
    return border == 0 && text.length() > MAX_HELD ? lastCharacter(text) : border;
  }

  /** Whether there is a border at this index, in a text that is complete. */
  public boolean isBorder(String text, int index) {
    if (unit == StreamFlush.TOKEN || index == 0 || index == text.length()) {
      return true;
    }
    BreakIterator units = iterator(text);
    boolean ofUnit = unit == StreamFlush.WORD ? isWordBorder(units, text, index) : units.isBoundary(index);
    characters.setText(text);
    return ofUnit && characters.isBoundary(index);
  }

  private BreakIterator iterator(String text) {
    BreakIterator units =
        switch (unit) {
          case TOKEN -> characters;
          case WORD -> words;
          case SENTENCE -> sentences;
        };
    units.setText(text);
    return units;
  }

  /**
   * Two characters after a border decide whether it stays: one that could join both sides, and the one it would join them to. White space alone decides at once.
   */
  private int lastFirmWord(String text) {
    BreakIterator units = iterator(text);
    int[] ends = characterEnds(text);
    int behind = 0;
    for (int i = ends.length - 2; i >= 0; i--) {
      int border = ends[i];
      boolean solid = isSolid(text.codePointAt(border));
      behind += solid ? 1 : 0;
      boolean space = isSpace(text.codePointAt(border)) != isSpace(text.codePointBefore(border));
      if (isWordBorder(units, text, border) && (behind > 1 || solid && space)) {
        return border;
      }
    }
    return 0;
  }

  private static boolean isWordBorder(BreakIterator units, String text, int index) {
    return units.isBoundary(index) || hasNoSpaces(text.codePointBefore(index)) && hasNoSpaces(text.codePointAt(index));
  }

  /** A letter or digit after a border decides whether it stays: {@code "etc. and"} is one sentence. */
  private int lastFirmSentence(String text) {
    BreakIterator units = iterator(text);
    int[] ends = characterEnds(text);
    boolean letter = false;
    for (int i = ends.length - 2; i >= 0; i--) {
      letter |= text.substring(ends[i], ends[i + 1]).codePoints().anyMatch(Character::isLetterOrDigit);
      if (letter && units.isBoundary(ends[i])) {
        return ends[i];
      }
    }
    return 0;
  }

  private int lastCharacter(String text) {
    int[] ends = characterEnds(text);
    return ends.length < 2 ? 0 : ends[ends.length - 2];
  }

  /** The end of each user-perceived character, which includes combining marks and joined emoji. */
  private int[] characterEnds(String text) {
    characters.setText(text);
    int[] ends = new int[text.length()];
    int count = 0;
    characters.first();
    for (int end = characters.next(); end != BreakIterator.DONE; end = characters.next()) {
      ends[count++] = end;
    }
    return Arrays.copyOf(ends, count);
  }

  private static boolean isSpace(int character) {
    return Character.isWhitespace(character);
  }

  /** Whether this is a character of its own rather than one that belongs to the preceding character, such as a soft hyphen. */
  private static boolean isSolid(int character) {
    return switch (Character.getType(character)) {
      case Character.FORMAT, Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
          false;
      default -> true;
    };
  }

  private static boolean hasNoSpaces(int character) {
    return WITHOUT_SPACES.contains(UnicodeScript.of(character));
  }
}
