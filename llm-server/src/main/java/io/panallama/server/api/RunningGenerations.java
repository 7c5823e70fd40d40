package io.panallama.server.api;

import io.panallama.generation.Generation;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The generations whose answers are being written, so that a shutdown can wait for them and then end them in order. */
public final class RunningGenerations {
  /** How long a handler may take to write that it was cancelled. */
  private static final Duration FAREWELL = Duration.ofSeconds(1);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition none = lock.newCondition();
  private final Set<Generation> running = new HashSet<>();
  private boolean ended;

  void add(Generation generation) {
    boolean cancel;
    lock.lock();
    try {
      running.add(generation);
      cancel = ended;
    } finally {
      lock.unlock();
    }
    if (cancel) {
      generation.cancel();
    }
  }

  void remove(Generation generation) {
    lock.lock();
    try {
      running.remove(generation);
      if (running.isEmpty()) {
        none.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all are done, for up to {@code grace}; then cancels what is left. Later ones are cancelled at once. */
  public void end(Duration grace) {
    lock.lock();
    try {
      awaitNone(grace);
      ended = true;
      running.forEach(Generation::cancel);
      awaitNone(FAREWELL);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void awaitNone(Duration patience) throws InterruptedException {
    long nanos = TimeUnit.NANOSECONDS.convert(patience);
    while (!running.isEmpty() && nanos > 0) {
      nanos = none.awaitNanos(nanos);
    }
  }
}
