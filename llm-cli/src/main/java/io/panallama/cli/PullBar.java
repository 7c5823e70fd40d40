package io.panallama.cli;

import io.panallama.models.PullListener;
import io.panallama.models.PullProgress;
import java.io.PrintStream;
import java.util.Locale;

/** A progress bar on a terminal while a model is fetched, and the flag with which Ctrl-C stops it. It is removed afterwards. */
final class PullBar implements PullListener, AutoCloseable {
  private static final int WIDTH = 30;

  private final PrintStream err;
  private final boolean terminal;
  private final String name;
  private volatile boolean stopping;
  private volatile String shown = "";

  PullBar(PrintStream err, boolean terminal, String name) {
    this.err = err;
    this.terminal = terminal;
    this.name = Printable.line(name);
  }

  /** Stops at the next piece. Any thread. */
  void stop() {
    stopping = true;
  }

  @Override
  public boolean progress(PullProgress progress) {
    if (terminal) {
      String line = line(progress);
      if (!line.equals(shown)) {
        err.print("\r" + line + "\u001b[K");
        err.flush();
        shown = line;
      }
    }
    return !stopping;
  }

  private String line(PullProgress progress) {
    String verb =
        switch (progress.stage()) {
          case DOWNLOAD -> "fetching ";
          case UNPACK -> "unpacking ";
          case CONVERT -> "converting ";
        };
    if (progress.total() == 0) {
      return verb + name + " " + Printable.bytes(progress.done());
    }
    int percent = Math.clamp(progress.done() * 100 / progress.total(), 0, 100);
    int filled = percent * WIDTH / 100;
    return String.format(
        Locale.ROOT, "%s%s [%s%s] %3d %%", verb, name, "#".repeat(filled), ".".repeat(WIDTH - filled), percent);
  }

  /** Removes the bar. */
  @Override
  public void close() {
    if (!shown.isEmpty()) {
      err.print("\r\u001b[K");
      err.flush();
    }
  }
}
