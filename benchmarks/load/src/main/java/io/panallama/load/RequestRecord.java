package io.panallama.load;

import java.util.Arrays;

/**
 * The history of one request. Immutable. All times are nanoseconds since the origin of the run; see docs/performance.md,
 * "Load".
 *
 * @param index the request's number in its row
 * @param turn the number of the user's messages in it: 1 at the beginning of a conversation
 * @param group the part of the scenario that it belongs to: {@code warm-up}, {@code measured}, {@code intruder} ...
 * @param intended the intended start: its arrival in an open loop, its sending in a closed loop
 * @param sent the time at which the HTTP client got it
 * @param end the time of its last byte or its failure
 * @param events the time at which each event with text was read
 * @param resent whether it was sent twice, because a kept connection was closed before any answer
 * @param outcome how it ended
 * @param detail the details of a failure, empty if there was none
 * @param status HTTP status, 0 if none arrived
 * @param promptTokens prompt tokens; like the next two, as the server counts them, -1 if it does not
 * @param completionTokens answer tokens
 * @param cachedTokens prompt tokens that came from a cache
 * @param askedTokens the requested length of the answer
 * @param finishReason the finish reason, empty if none arrived
 * @param serverQueueMillis the wait for a slot that the server reports, -1 if it reports none
 * @param text the answer if its scenario needs it, else empty
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out, never compared
public record RequestRecord(
    int index,
    int turn,
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

  /** A copy of the times. */
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

  /** The kind of a failure: {@code status 429}, {@code truncated stream} ... */
  public String kind() {
    return outcome == Outcome.STATUS ? "status " + status : outcome.label();
  }

  /** Tokens of the answer: the server's count, else the number of events. */
  public int tokens() {
    return completionTokens >= 0 ? completionTokens : events.length;
  }

  /** The time from the intended start to the first text; only valid if there was any. */
  public long timeToFirstToken() {
    return events[0] - intended;
  }

  /** The time from the intended start to the end. */
  public long endToEnd() {
    return end - intended;
  }

  /** The delay from the intended start until this program sent it. */
  public long queueWait() {
    return sent - intended;
  }

  /** Time per output token after the first one; 0 if there are fewer than two events or tokens. */
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
