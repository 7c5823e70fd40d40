package io.panallama.load;

import java.util.concurrent.locks.LockSupport;

/** Nanoseconds since an origin, and waiting by them. Any thread. */
interface LoadClock {
  long now();

  /**
   * Returns at that time or a little later; at once if it is over.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  void sleepUntil(long nanos) throws InterruptedException;

  /** The system's, from now on. */
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
