package io.panallama.search.answer;

import java.util.ArrayList;
import java.util.List;

/**
 * Finds the markers of an answer in its pieces, wherever those are divided. A marker is one number or several in square brackets,
 * {@code [2]} or {@code [1, 3]}; numbers that no source has are left out.
 *
 * <p>For one answer. Not thread-safe.
 */
public final class CitationReader {
  /** No list of sources is as long as a number of more digits. */
  private static final int MOST_DIGITS = 4;

  private final List<Source> sources;

  private int offset;
  private int codePoints;
  private boolean afterHighSurrogate;

  /** Whether the text since {@link #start} may become a marker. */
  private boolean inside;

  private int start;
  private int startCodePoint;

  /** The numbers of the marker so far, the last of which may go on. */
  private final List<Integer> numbers = new ArrayList<>();

  private int digits;

  /** Whether the number has ended, so that a separator must come before the next. */
  private boolean closed;

  CitationReader(List<Source> sources) {
    this.sources = sources;
  }

  /**
   * Reads the next piece of the answer.
   *
   * @return the citations whose markers end in it, in their order
   */
  public List<Citation> next(String piece) {
    if (sources.isEmpty()) {
      return List.of();
    }
    List<Citation> found = new ArrayList<>();
    for (int i = 0; i < piece.length(); i++) {
      char c = piece.charAt(i);
      boolean second = afterHighSurrogate && Character.isLowSurrogate(c);
      read(c, found);
      afterHighSurrogate = Character.isHighSurrogate(c);
      offset++;
      codePoints += second ? 0 : 1;
    }
    return found;
  }

  private void read(char c, List<Citation> found) {
    if (c == '[') {
      begin();
    } else if (!inside) {
      return;
    } else if (c >= '0' && c <= '9') {
      inside = digit(c - '0');
    } else if (c == ' ') {
      closed = digits > 0;
    } else if (c == ',' || c == ';') {
      inside = digits > 0;
      digits = 0;
      closed = false;
    } else {
      if (c == ']' && digits > 0) {
        cite(found);
      }
      inside = false;
    }
  }

  private void begin() {
    inside = true;
    start = offset;
    startCodePoint = codePoints;
    numbers.clear();
    digits = 0;
    closed = false;
  }

  /** Takes a digit of a marker; false if that makes it none. */
  private boolean digit(int value) {
    if (closed || digits == MOST_DIGITS) {
      return false;
    }
    numbers.add(digits == 0 ? value : 10 * numbers.removeLast() + value);
    digits++;
    return true;
  }

  private void cite(List<Citation> found) {
    for (int number : numbers) {
      if (number >= 1 && number <= sources.size()) {
        found.add(new Citation(sources.get(number - 1), number, start, offset + 1, startCodePoint));
      }
    }
  }
}
