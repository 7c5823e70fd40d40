package io.panallama.error;

import java.time.Duration;

/** The queue of waiting requests is full; nothing was started. Try again later. */
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

  /** The maximum number of waiting generations. */
  public int queueLimit() {
    return queueLimit;
  }

  /** An estimate of when the queue may have room again, from the recent rate of completed requests. */
  public Duration retryAfter() {
    return retryAfter;
  }
}
