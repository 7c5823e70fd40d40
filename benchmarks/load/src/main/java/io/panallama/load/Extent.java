package io.panallama.load;

import java.time.Duration;

/** The length of a load: a number of requests, or a duration. */
public sealed interface Extent {
  /**
   * @param count 0 or more; in the agent scenario, conversations
   */
  record Requests(int count) implements Extent {
    public Requests {
      if (count < 0) {
        throw new IllegalArgumentException("the number of requests is " + count + "; it must be 0 or more");
      }
    }

    @Override
    public String toString() {
      return Integer.toString(count);
    }
  }

  /**
   * @param duration 0 or more
   */
  record Time(Duration duration) implements Extent {
    public Time {
      if (duration.isNegative()) {
        throw new IllegalArgumentException("the time is " + duration + "; it must be 0 or more");
      }
    }

    @Override
    public String toString() {
      return Durations.text(duration.toNanos() / 1e6);
    }
  }

  /**
   * Reads a number of requests ({@code 64}) or a duration ({@code 30s}).
   *
   * @throws IllegalArgumentException if it is neither
   */
  static Extent parse(String text) {
    return text.matches("\\d{1,9}") ? new Requests(Integer.parseInt(text)) : new Time(Durations.parse(text));
  }
}
