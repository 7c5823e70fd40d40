package io.panallama.internal.stream;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends waits at their deadline, with one timer for many waits.
 *
 * <p>A timed park sets a timer and cancels it again each time, and both wake the thread that keeps the timers. A reader of a stream
 * waits for every token and almost never until its deadline, so its timer stays set while tokens come, and is moved only when it fires.
 */
final class WaitTimer {
  /** Where the end of a wait is farther away, the waiting thread is woken in between and sets the timer again. */
  private static final long LONGEST_NANOS = TimeUnit.HOURS.toNanos(1);

  private final Runnable wake;
  private final ScheduledExecutorService timers;

  /** {@link System#nanoTime} at which the timer fires, if it is set. */
  private volatile long due;

  private volatile boolean set;
  private volatile @Nullable Future<?> timer;

  private volatile boolean over;

  /** @param wake wakes whoever waits; called on any thread, and also when no wait is at its deadline */
  WaitTimer(Runnable wake) {
    this(wake, ForkJoinPool.commonPool());
  }

  /** For tests: {@code timers} keeps the timer. */
  WaitTimer(Runnable wake, ScheduledExecutorService timers) {
    this.wake = wake;
    this.timers = timers;
  }

  /**
   * Makes sure that the waiting thread is woken by this time. It may be woken earlier, and then calls this again before it waits on. Only
   * one thread at a time calls this, after it has made itself known to {@code wake}.
   *
   * @param deadline as {@link System#nanoTime} gives it
   */
  void wakeBy(long deadline) {
    if (over || set && due - deadline <= 0) {
      return;
    }
    takeBack();
    long now = System.nanoTime();
    long delay = Math.min(deadline - now, LONGEST_NANOS);
    due = now + delay;
    set = true;
    timer = timers.schedule(this::fire, delay, TimeUnit.NANOSECONDS);
    if (over) {
      takeBack(); // close() may have come before there was a timer to take back
    }
  }

  private void fire() {
    set = false;
    wake.run();
  }

  /** Takes back the timer and sets none any more: who waits now is woken by something else. Any thread. */
  void close() {
    over = true;
    takeBack();
  }

  private void takeBack() {
    Future<?> running = timer;
    if (running != null) {
      timer = null;
      set = false;
      running.cancel(false);
    }
  }
}
