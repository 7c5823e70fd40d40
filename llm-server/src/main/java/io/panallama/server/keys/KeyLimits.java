package io.panallama.server.keys;

/**
 * How much a key may do; 0 is no limit.
 *
 * @param requestsPerMinute this many at once, and as many again each minute
 * @param concurrentRequests requests that are being answered at a time
 * @param tokensPerMinute tokens of prompts and answers: this many at once, and as many again each minute
 * @param tokensPerDay tokens of prompts and answers in a day of UTC
 */
public record KeyLimits(long requestsPerMinute, long concurrentRequests, long tokensPerMinute, long tokensPerDay) {
  /** No limit at all. */
  public static final KeyLimits NONE = new KeyLimits(0, 0, 0, 0);

  /** The highest value of each limit. */
  public static final long MOST = 1_000_000_000_000L;

  /**
   * Each is 0 to {@link #MOST}.
   *
   * @throws IllegalArgumentException if one is not
   */
  public KeyLimits {
    inRange("requestsPerMinute", requestsPerMinute);
    inRange("concurrentRequests", concurrentRequests);
    inRange("tokensPerMinute", tokensPerMinute);
    inRange("tokensPerDay", tokensPerDay);
  }

  private static void inRange(String name, long value) {
    if (value < 0 || value > MOST) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be 1 to " + MOST + ", or 0 for no limit.");
    }
  }
}
