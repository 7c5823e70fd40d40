package io.panallama.load;

import java.util.Arrays;

/**
 * What happened to one request. All times are nanoseconds since the origin of the run; see docs/performance.md, "Load".
 *
 * @param index the request's number in its row
 * @param group which part of a scenario it belongs to: {@code warm-up}, {@code measured}, {@code intruder} ...
 * @param intended when it should have begun: its arrival in an open loop; in a closed loop when it was sent
 * @param sent when it was handed to the HTTP client
 * @param end when its last byte came, or it failed
 * @param events when each event that carried text was read
 * @param resent whether it was sent twice, because a connection that had been kept was closed before any answer
 * @param outcome how it ended
 * @param detail what went wrong, empty if nothing did
 * @param status HTTP status, 0 if none came
 * @param promptTokens as the server counts them, -1 if it doesn't say; so are the next two
 * @param completionTokens of the answer
 * @param cachedTokens of the prompt that came from a cache
 * @param askedTokens the length of the answer that was asked for
 * @param finishReason of the answer, empty if none came
 * @param serverQueueMillis how long the server says it waited for a slot, -1 if it doesn't say
 * @param text the answer, if its scenario needs it, else empty
 */
public record RequestRecord(
    int index,
    String group,
    long intended,
    long sent,
    long end,
    long[] events,
    boolean resent,
    Outcome outcome,
    String detail,
    int status,
    int promptTokens,
    int completionTokens,
    int cachedTokens,
    int askedTokens,
    String finishReason,
    double serverQueueMillis,
    String text) {
  public RequestRecord {
    events = events.clone();
  }

  /** A copy. */
  @Override
  public long[] events() {
    return events.clone();
  }

  public int eventCount() {
    return events.length;
  }

  public long event(int number) {
    return events[number];
  }

  public boolean isOk() {
    return outcome == Outcome.OK;
  }

  /** What kind of failure this was: {@code status 429}, {@code truncated stream} ... */
  public String kind() {
    return outcome == Outcome.STATUS ? "status " + status : outcome.label();
  }

  /** Tokens of the answer: the server's count, else the number of events. */
  public int tokens() {
    return completionTokens >= 0 ? completionTokens : events.length;
  }

  /** From the intended start to the first text; only if there was any. */
  public long timeToFirstToken() {
    return events[0] - intended;
  }

  /** From the intended start to the end. */
  public long endToEnd() {
    return end - intended;
  }

  /** How long this side was late to send it. */
  public long queueWait() {
    return sent - intended;
  }

  /** Time per output token after the first one; 0 if there are less than two events or tokens. */
  public long timePerToken() {
    return events.length < 2 || tokens() < 2 ? 0 : (events[events.length - 1] - events[0]) / (tokens() - 1);
  }

  /** The times between successive events, in order. */
  public long[] gaps() {
    long[] gaps = new long[Math.max(0, events.length - 1)];
    for (int i = 0; i < gaps.length; i++) {
      gaps[i] = events[i + 1] - events[i];
    }
    return gaps;
  }

  /** The 99th percentile of the gaps by nearest rank; of fewer than a hundred that is the largest. 0 if there are none. */
  public long slowGap() {
    long[] gaps = gaps();
    if (gaps.length == 0) {
      return 0;
    }
    Arrays.sort(gaps);
    return gaps[(int) Math.ceil(0.99 * gaps.length) - 1];
  }
}
