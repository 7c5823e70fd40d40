package io.panallama.cli;

import io.panallama.search.ingest.IndexListener;
import io.panallama.search.ingest.IndexProgress;
import io.panallama.search.ingest.IndexReport;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A progress bar on a terminal while a folder is indexed, a line for each file that fails, and the flag with which Ctrl-C stops
 * it.
 */
final class IndexBar implements IndexListener, AutoCloseable {
  private static final int WIDTH = 30;

  private final PrintStream err;
  private final boolean terminal;
  private volatile boolean stopping;
  private boolean shown;
  private int total;

  IndexBar(PrintStream err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  /** Stops soon, without what is not stored yet. Any thread. */
  void stop() {
    stopping = true;
  }

  @Override
  public boolean isStopped() {
    return stopping;
  }

  @Override
  public boolean progress(IndexProgress progress) {
    total = progress.total();
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

  /** What an update did, for people, after the name of its collection. */
  String summary(String collection, IndexReport report) {
    String counts =
        String.format(
            Locale.ROOT,
            "%,d added, %,d updated, %,d unchanged, %,d removed, %,d failed, %,d of other kinds",
            report.added(),
            report.updated(),
            report.unchanged(),
            report.removed(),
            report.failed(),
            report.ignored());
    if (!report.complete() && total == 0) {
      return collection + ": interrupted while the files were listed; nothing was changed.";
    }
    return report.complete()
        ? collection + ": " + counts
        : String.format(
            Locale.ROOT,
            "%s: interrupted after %,d of %,d files: %s. The same command goes on from there.",
            collection,
            Math.min(total, report.added() + report.updated() + report.unchanged() + report.failed()),
            total,
            counts);
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
