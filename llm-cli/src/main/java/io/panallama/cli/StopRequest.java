package io.panallama.cli;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a process does about signals: the first asks it to stop, whenever it came, and a later one ends it.
 *
 * <p>Signals that come at almost the same time are one: timeout(1), for example, sends each to its child and then to
 * the group that the child is in. Safe for use by several threads.
 */
final class StopRequest {
  /** Longer than two such signals are apart on a busy machine, and shorter than a person takes to lose patience. */
  private static final Duration SAME = Duration.ofMillis(300);

  private final LongSupplier clock;
  private final Runnable end;
  private boolean heard;
  private long heardAt;
  private @Nullable Runnable action;

  /**
   * Nothing is heard yet.
   *
   * @param clock nanoseconds, as {@link System#nanoTime}
   * @param end ends the process at once
   */
  StopRequest(LongSupplier clock, Runnable end) {
    this.clock = clock;
    this.end = end;
  }

  /** Tells of a signal. */
  void signal() {
    Runnable due;
    synchronized (this) {
      long now = clock.getAsLong();
      if (heard) {
        due = now - heardAt < SAME.toNanos() ? null : end;
      } else {
        heard = true;
        heardAt = now;
        due = action;
      }
    }
    if (due != null) {
      due.run();
    }
  }

  /** Runs {@code first} at the first signal, instead of what it was to run before, or now if that signal has come already. */
  void onStop(Runnable first) {
    synchronized (this) {
      action = first;
      if (!heard) {
        return;
      }
    }
    first.run();
  }
}
