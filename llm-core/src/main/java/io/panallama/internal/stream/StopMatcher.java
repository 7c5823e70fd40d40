package io.panallama.internal.stream;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Finds stop texts in a stream of bytes, across token borders, and holds back what may turn out to be the beginning of
 * one.
 *
 * <p>One Knuth-Morris-Pratt automaton per stop text. {@link #append} allocates nothing.
 */
public final class StopMatcher {
  private final byte[][] stops;
  private final int[][] failures;
  private final int[] states;
  private final byte[] held;
  private int heldLength;
  private int released;
  private boolean matched;

  /**
   * @param stops an empty one is passed over: chat templates give their own
   * @param longestPiece the most bytes one {@link #append} may bring
   */
  public StopMatcher(List<String> stops, int longestPiece) {
    this.stops =
        stops.stream()
            .filter(stop -> !stop.isEmpty())
            .map(stop -> stop.getBytes(StandardCharsets.UTF_8))
            .toArray(byte[][]::new);
    this.failures = new int[this.stops.length][];
    this.states = new int[this.stops.length];
    int longestStop = 0;
    for (int i = 0; i < this.stops.length; i++) {
      failures[i] = failureFunction(this.stops[i]);
      longestStop = Math.max(longestStop, this.stops[i].length);
    }
    this.held = new byte[longestStop + longestPiece];
  }

  /**
   * Takes the next bytes. {@link #releasedLength} bytes at the start of {@link #buffer} are then certain to be output;
   * {@link #discardReleased} must follow before the next append.
   *
   * @param mayStop whether a stop text counts that is complete with these bytes; otherwise it is text like any other
   * @return whether a stop text is complete; what is released then ends right before it
   */
  public boolean append(byte[] source, int offset, int length, boolean mayStop) {
    for (int i = 0; i < length; i++) {
      byte next = source[offset + i];
      held[heldLength++] = next;
      int match = advance(next);
      if (match > 0 && mayStop) {
        matched = true;
        released = heldLength - match;
        return true;
      }
    }
    int withheld = 0;
    for (int state : states) {
      withheld = Math.max(withheld, state);
    }
    released = heldLength - withheld;
    return false;
  }

  public boolean append(byte[] source, int offset, int length) {
    return append(source, offset, length, true);
  }

  /** Releases what is held back: the stream ended without a stop text. */
  public void releaseAll() {
    if (!matched) {
      released = heldLength;
    }
  }

  public byte[] buffer() {
    return held;
  }

  public int releasedLength() {
    return released;
  }

  public void discardReleased() {
    System.arraycopy(held, released, held, 0, heldLength - released);
    heldLength -= released;
    released = 0;
  }

  /** The most bytes that one append can release. */
  public int largestRelease() {
    return held.length;
  }

  /** Advances every automaton; returns the length of the longest stop that is complete, or 0. */
  private int advance(byte next) {
    int longest = 0;
    for (int i = 0; i < stops.length; i++) {
      byte[] stop = stops[i];
      int state = states[i];
      while (state > 0 && stop[state] != next) {
        state = failures[i][state - 1];
      }
      if (stop[state] == next) {
        state++;
      }
      if (state == stop.length) {
        longest = Math.max(longest, state);
        state = failures[i][state - 1];
      }
      states[i] = state;
    }
    return longest;
  }

  private static int[] failureFunction(byte[] text) {
    int[] failure = new int[text.length];
    int length = 0;
    for (int i = 1; i < text.length; i++) {
      while (length > 0 && text[i] != text[length]) {
        length = failure[length - 1];
      }
      if (text[i] == text[length]) {
        length++;
      }
      failure[i] = length;
    }
    return failure;
  }
}
