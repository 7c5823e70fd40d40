package io.panallama.cli;

import io.panallama.search.ingest.IndexListener;
import io.panallama.search.ingest.IndexProgress;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;

/** A progress bar on a terminal while a folder is indexed, a line for each file that fails, and the flag with which Ctrl-C stops it. */
final class IndexBar implements IndexListener, AutoCloseable {
  private static final int WIDTH = 30;

  private final PrintStream err;
  private final boolean terminal;
  private volatile boolean stopping;
  private boolean shown;

  IndexBar(PrintStream err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  /** Stops before the next file. Any thread. */
  void stop() {
    stopping = true;
  }

  @Override
  public boolean progress(IndexProgress progress) {
    if (terminal) {
      int filled = progress.done() * WIDTH / Math.max(1, progress.total());
      err.print(
          String.format(
              Locale.ROOT,
              "\r[%s%s] %d of %d: %s\u001b[K",
              "#".repeat(filled),
              ".".repeat(WIDTH - filled),
              progress.done() + 1,
              progress.total(),
              Printable.line(String.valueOf(progress.file().getFileName()))));
      err.flush();
      shown = true;
    }
    return !stopping;
  }

  @Override
  public void failed(Path file, String message) {
    close();
    err.println("panallama: " + Printable.line(message));
  }

  /** Removes the bar. */
  @Override
  public void close() {
    if (shown) {
      err.print("\r\u001b[K");
      err.flush();
      shown = false;
    }
  }
}
