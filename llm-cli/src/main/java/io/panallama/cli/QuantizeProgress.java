package io.panallama.cli;

import io.panallama.quantize.QuantizationListener;
import io.panallama.quantize.QuantizationProgress;
import java.io.PrintStream;

/**
 * A progress bar on a terminal while a model is quantised, and the flag with which Ctrl-C stops it. The bar is removed
 * afterwards.
 */
final class QuantizeProgress implements QuantizationListener, AutoCloseable {
  private static final int WIDTH = 30;

  private final PrintStream err;
  private final boolean terminal;
  private volatile boolean stopping;
  private String shown = "";

  QuantizeProgress(PrintStream err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  /** Stops at the next tensor, or at the next MiB while weights are checked. Any thread. */
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
      line += progress.tensor().isEmpty() ? "" : ", " + Printable.line(progress.tensor());
      // Called for every MiB while weights are checked.
      if (!line.equals(shown)) {
        err.print("\r" + line + "\u001b[K");
        err.flush();
        shown = line;
      }
    }
    return !stopping;
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
