package io.panallama.internal.stream;

import java.util.Arrays;
import java.util.List;

/** Where in the text of an answer each of its tokens ends, in UTF-16 units. For the thread that reads the answer. */
public final class TokenEnds {
  private int[] ends = new int[64];
  private int count;

  /** Adds the next token; one that ends within a character ends before it. */
  public void add(int end) {
    if (count == ends.length) {
      ends = Arrays.copyOf(ends, 2 * count);
    }
    ends[count++] = end;
  }

  /** How many tokens of the answer so far end before or at this place. */
  int endedAt(int place) {
    int found = 0;
    while (found < count && ends[found] <= place) {
      found++;
    }
    return found;
  }

  /** Where a token ends. */
  int end(int token) {
    return ends[token];
  }

  /** How many tokens have a part of the text from {@code from} to before {@code to}. */
  int within(int from, int to) {
    int found = 0;
    int start = 0;
    for (int i = 0; i < count && start < to; i++) {
      // Without text of its own is a token that ends within a character.
      boolean empty = ends[i] == start;
      if (empty ? start >= from : ends[i] > from) {
        found++;
      }
      start = ends[i];
    }
    return found;
  }

  /**
   * How many tokens have a part of these texts, which stand in the answer in this order. Where a parser changed a text, its
   * tokens are estimated by its length.
   */
  int of(String answer, List<String> texts) {
    int sum = 0;
    int from = 0;
    for (String text : texts) {
      int at = answer.indexOf(text, from);
      if (at >= 0) {
        from = at + text.length();
        sum += within(at, from);
      } else {
        sum += Math.round((float) count * text.length() / Math.max(1, answer.length()));
      }
    }
    return Math.min(sum, count);
  }
}
