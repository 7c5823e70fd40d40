package io.panallama.internal.worker;

import org.jspecify.annotations.Nullable;

/**
 * A call on a thread of its own, which is interrupted when the supervisor gives it up, until it has its answer. Thread-safe.
 */
final class Answering {
  private @Nullable Thread thread;
  private boolean cancelled;

  /** The current thread answers; returns false if nobody wants the answer any more. */
  synchronized boolean begin() {
    if (cancelled) {
      return false;
    }
    thread = Thread.currentThread();
    return true;
  }

  synchronized void cancel() {
    cancelled = true;
    if (thread != null) {
      thread.interrupt();
    }
  }

  /** The answer is there; returns whether it is still wanted. From now on the thread is not interrupted. */
  synchronized boolean end() {
    thread = null;
    Thread.interrupted();
    return !cancelled;
  }
}
