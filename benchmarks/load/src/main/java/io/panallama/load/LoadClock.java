package io.panallama.load;

import java.util.concurrent.locks.LockSupport;

/** Nanoseconds since an origin, and waiting for a time. Safe for use by several threads. */
interface LoadClock {
  long now();

  /**
   * Waits until that time or slightly longer; returns at once if it has passed.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  void sleepUntil(long nanos) throws InterruptedException;

  /** The system's clock, with the origin now. */
  static LoadClock system() {
    long origin = System.nanoTime();
    return new LoadClock() {
      @Override
      public long now() {
        return System.nanoTime() - origin;
      }

      @Override
      public void sleepUntil(long nanos) throws InterruptedException {
        for (long left = nanos - now(); left > 0; left = nanos - now()) {
          LockSupport.parkNanos(left);
          if (Thread.interrupted()) {
            throw new InterruptedException();
          }
        }
      }
    };
  }
}
