package io.panallama.server.cli;

import io.panallama.QuantizationListener;
import io.panallama.QuantizationProgress;
import java.io.PrintStream;

/** A progress bar on a terminal while a model is quantised, and the flag by which Ctrl-C stops it. Gone afterwards. */
final class QuantizeProgress implements QuantizationListener, AutoCloseable {
  private static final int WIDTH = 30;

  private final PrintStream err;
  private final boolean terminal;
  private volatile boolean stopping;
  private boolean shown;

  QuantizeProgress(PrintStream err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  /** At the next tensor. Any thread. */
  void stop() {
    stopping = true;
  }

  @Override
  public boolean progress(QuantizationProgress progress) {
    if (terminal) {
      int percent = (int) (progress.fraction() * 100);
      int filled = percent * WIDTH / 100;
      String bar = "#".repeat(filled) + ".".repeat(WIDTH - filled);
      String line =
          String.format(
              "quantizing [%s] %3d %%, %d of %d tensors", bar, percent, progress.tensorsDone(), progress.tensors());
      err.print(
          "\r" + line + (progress.tensor().isEmpty() ? "" : ", " + Printable.line(progress.tensor())) + "\u001b[K");
      err.flush();
      shown = true;
    }
    return !stopping;
  }

  /** Takes the bar away. */
  @Override
  public void close() {
    if (shown) {
      err.print("\r\u001b[K");
      err.flush();
    }
  }
}
