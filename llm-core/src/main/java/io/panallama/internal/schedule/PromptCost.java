package io.panallama.internal.schedule;

import java.util.Arrays;

/**
 * How long a call with prompt tokens takes, learned from measured calls. Small calls cost more per token, so sizes are
 * kept apart by powers of two.
 *
 * <p>On a disturbed machine a call may take ten times as long as it should. The estimate is therefore a median, and it
 * is at most {@link #DISTURBED} times the lowest one that was seen lately: from a false estimate follow small calls,
 * which would last for as long as the disturbance does, and starve the prompts.
 */
final class PromptCost {
  /** How many times the cost of a quiet call an estimate may be. */
  static final double DISTURBED = 3;

  /** How much the lowest cost rises with each measurement, so that it follows a machine that has become slower. */
  private static final double FORGET = 1.01;

  /** Number of calls of a size that count. */
  private static final int REMEMBERED = 5;

  /** A size that was not measured for this many calls says nothing about larger ones. */
  private static final int STALE = 10;

  /** Calls have less than 2 to the power of this many tokens. */
  private static final int SIZES = 22;

  private final Size[] sizes = new Size[SIZES];
  private int calls;

  PromptCost() {
    Arrays.setAll(sizes, size -> new Size());
  }

  void measured(int tokens, double nanos) {
    calls++;
    Size size = sizes[sizeOf(tokens)];
    size.measured(nanos / tokens);
    size.lastCall = calls;
  }

  boolean isKnown() {
    return calls > 0;
  }

  /** Whether a call of about this many tokens was measured. */
  boolean isMeasured(int tokens) {
    return sizes[sizeOf(tokens)].lastCall > 0;
  }

  private boolean isRecent(Size size) {
    return size.lastCall > 0 && calls - size.lastCall < STALE;
  }

  /** The time of a call with this many tokens; 0 before the first measurement. */
  double nanos(int tokens) {
    return tokens <= 0 ? 0 : tokens * perToken(sizeOf(tokens));
  }

  /** The number of tokens, at most {@code most}, that a call may have to take no longer than {@code nanos}. */
  int within(double nanos, int most) {
    for (int size = sizeOf(most); size >= 0; size--) {
      int largest = Math.min(most, (1 << (size + 1)) - 1);
      int tokens = (int) Math.min(largest, nanos / perToken(size));
      if (tokens >= 1 << size) {
        return tokens;
      }
    }
    return 0;
  }

  /**
   * The cost of a token in a call of a size: a larger call never costs more per token, so what was measured lately in
   * smaller calls counts, too, where it is less. Otherwise a size that was measured on a disturbed machine might never be
   * tried again.
   */
  private double perToken(int size) {
    double least = sizes[size].lastCall > 0 ? sizes[size].perToken() : Double.MAX_VALUE;
    for (int smaller = size - 1; smaller >= 0; smaller--) {
      if (isRecent(sizes[smaller])) {
        least = Math.min(least, sizes[smaller].perToken());
      }
    }
    for (int distance = 1; least == Double.MAX_VALUE && distance < SIZES; distance++) {
      if (size + distance < SIZES && sizes[size + distance].lastCall > 0) {
        least = sizes[size + distance].perToken();
      } else if (size >= distance && sizes[size - distance].lastCall > 0) {
        least = sizes[size - distance].perToken();
      }
    }
    return least == Double.MAX_VALUE ? 0 : least;
  }

  private static int sizeOf(int tokens) {
    return Math.min(SIZES - 1, 31 - Integer.numberOfLeadingZeros(Math.max(1, tokens)));
  }

  private static final class Size {
    private final RecentMedian recent = new RecentMedian(REMEMBERED);
    private double quiet = Double.MAX_VALUE;
    private int lastCall;

    void measured(double perToken) {
      recent.add(perToken);
      quiet = Math.min(quiet * FORGET, perToken);
    }

    double perToken() {
      return Math.min(recent.value(), DISTURBED * quiet);
    }
  }
}
