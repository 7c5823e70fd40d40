package io.panallama.internal.stream;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds stop texts in a stream of bytes, across token boundaries, and holds back bytes that may be the beginning of
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
  private byte @Nullable [] matched;

  /**
   * @param stops empty ones are ignored: chat templates supply their own
   * @param longestPiece maximum number of bytes of one {@link #append}
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
   * Appends bytes. {@link #releasedLength} bytes at the start of {@link #buffer} are then certain to be output; call
   * {@link #discardReleased} before the next append.
   *
   * @param mayStop whether a stop text completed by these bytes counts; otherwise it is ordinary text
   * @return whether a stop text is complete; the released bytes then end right before it
   */
  public boolean append(byte[] source, int offset, int length, boolean mayStop) {
    for (int i = 0; i < length; i++) {
      byte next = source[offset + i];
      held[heldLength++] = next;
      byte[] match = advance(next);
      if (match != null && mayStop) {
        matched = match;
        released = heldLength - match.length;
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

  /** Releases the bytes held back, because the stream ended without a stop text. */
  public void releaseAll() {
    if (matched == null) {
      released = heldLength;
    }
  }

  /** The stop text that is complete; empty text if none is. */
  public String stopText() {
    return matched == null ? "" : new String(matched, StandardCharsets.UTF_8);
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

  /** The maximum number of bytes that one append can release. */
  public int largestRelease() {
    return held.length;
  }

  /** Advances every automaton; returns the longest stop that is complete, or null. */
  private byte @Nullable [] advance(byte next) {
    byte[] longest = null;
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
        longest = longest == null || longest.length < stop.length ? stop : longest;
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
