package io.panallama.cli;

import io.panallama.config.LoadListener;
import java.io.PrintStream;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * A progress bar for a model that takes noticeably long to load; it does not appear for a fast load, and is removed
 * afterwards.
 */
final class LoadProgress implements LoadListener, AutoCloseable {
  private static final long PATIENCE_NANOS = Duration.ofMillis(200).toNanos();
  private static final int WIDTH = 30;

  private final PrintStream err;
  private final boolean terminal;
  private final String name;
  private final LongSupplier nanoTime;
  private final BooleanSupplier stopped;
  private boolean begun;
  private long started;
  private int shownPercent = -1;

  /**
   * A bar for one load.
   *
   * @param stopped whether the load is to stop
   */
  LoadProgress(PrintStream err, boolean terminal, String name, LongSupplier nanoTime, BooleanSupplier stopped) {
    this.err = err;
    this.terminal = terminal;
    this.name = Printable.line(name);
    this.nanoTime = nanoTime;
    this.stopped = stopped;
  }

  @Override
  public boolean progress(float progress) {
    int percent = Math.clamp((int) (progress * 100), 0, 100);
    if (!begun) {
      // The clock does not start at construction, because the first model also waits for the native libraries.
      begun = true;
      started = nanoTime.getAsLong();
    }
    if (terminal && percent > shownPercent && nanoTime.getAsLong() - started > PATIENCE_NANOS) {
      int filled = percent * WIDTH / 100;
      err.print("\rloading " + name + " [" + "#".repeat(filled) + ".".repeat(WIDTH - filled) + "] " + percent + " %");
      err.flush();
      shownPercent = percent;
    }
    return !stopped.getAsBoolean();
  }

  /** Removes the bar. */
  @Override
  public void close() {
    if (shownPercent >= 0) {
      err.print("\r\u001b[K");
      err.flush();
    }
  }
}
