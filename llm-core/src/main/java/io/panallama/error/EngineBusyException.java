package io.panallama.error;

import java.time.Duration;

/** A queue of waiting requests is full; nothing was started. Try again later. */
public final class EngineBusyException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  private final int queueLimit;
  private final Duration retryAfter;

  /** Reports that there is no room for one generation. */
  public EngineBusyException(int queueLimit, Duration retryAfter) {
    super("All slots are busy and " + queueLimit + " requests are waiting already; try again later.", null);
    this.queueLimit = queueLimit;
    this.retryAfter = retryAfter;
  }

  /**
   * @param wanted number of generations that were to be started together
   */
  public EngineBusyException(int wanted, int queueLimit, Duration retryAfter) {
    super("There is no room for " + wanted + " generations at once in slots and queue now; try again later.", null);
    this.queueLimit = queueLimit;
    this.retryAfter = retryAfter;
  }

  private EngineBusyException(String message, int queueLimit, Duration retryAfter) {
    super(message, null);
    this.queueLimit = queueLimit;
    this.retryAfter = retryAfter;
  }

  /** Reports that as many requests as may wait are already waiting to be rendered and tokenized. */
  public static EngineBusyException preparing(int limit) {
    return new EngineBusyException(
        limit + " requests are waiting already to be rendered and tokenized; try again later.",
        limit,
        Duration.ofSeconds(1));
  }

  /** Reports that there is no room for the texts among those that wait to be embedded. */
  public static EngineBusyException embedding(int waiting, int limit, Duration retryAfter) {
    return new EngineBusyException(
        waiting
            + " texts are waiting already to be embedded, and at most "
            + limit
            + " may; try again later, or with fewer.",
        limit,
        retryAfter);
  }

  /** Reports that the prompts of waiting generations have too many tokens for another one. */
  public static EngineBusyException tokens(long waiting, long limit, int queueLimit, Duration retryAfter) {
    return new EngineBusyException(
        "All slots are busy and prompts of "
            + waiting
            + " tokens are waiting already, with which this one would be more than "
            + limit
            + "; try again later, or with a shorter prompt.",
        queueLimit,
        retryAfter);
  }

  /** The same report by an engine in another process. */
  public static EngineBusyException told(String message, int queueLimit, Duration retryAfter) {
    return new EngineBusyException(message, queueLimit, retryAfter);
  }

  /** The maximum number of waiting generations, or of requests that wait to be prepared, or of texts. */
  public int queueLimit() {
    return queueLimit;
  }

  /**
   * When there will most probably be room for the same request. An engine predicts it from what is running, from the speed
   * that it has measured and from the lengths of the last answers, in whole seconds, and keeps a place for a request that
   * comes back then for about two seconds.
   */
  public Duration retryAfter() {
    return retryAfter;
  }
}
