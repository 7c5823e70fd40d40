package io.panallama.cli;

import io.panallama.load.bench.BenchListener;
import io.panallama.load.bench.BenchOutput;
import io.panallama.load.bench.BenchResult;
import io.panallama.load.bench.BenchTest;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/** Passes results to the outputs, and draws a progress bar on a terminal in between; the bar is removed afterwards. */
final class BenchProgress implements BenchListener, AutoCloseable {
  private static final int WIDTH = 30;

  private final PrintStream err;
  private final boolean terminal;
  private final int tests;
  private final int repetitions;
  private final List<BenchOutput> outputs;
  private int shownPercent = -1;

  /**
   * @param tests the number of tests
   * @param repetitions repetitions of each test
   */
  BenchProgress(PrintStream err, boolean terminal, int tests, int repetitions, List<BenchOutput> outputs) {
    this.err = err;
    this.terminal = terminal;
    this.tests = tests;
    this.repetitions = repetitions;
    this.outputs = outputs;
  }

  @Override
  public void loading(Path file, float fraction) {
    int percent = Math.clamp((int) (fraction * 100), 0, 100);
    if (percent != shownPercent) {
      shownPercent = percent;
      draw(fraction, "loading " + Printable.line(String.valueOf(file.getFileName())));
    }
  }

  @Override
  public void running(int number, BenchTest test, int repetition) {
    double done = (number + Math.max(0, repetition - 1) / (double) repetitions) / tests;
    String streams = test.streams() == 1 ? "" : ", " + test.streams() + " streams";
    String turn = repetition == 0 ? "warming up" : repetition + " of " + repetitions;
    draw(done, "test " + (number + 1) + " of " + tests + ": " + test.name() + streams + ", " + turn);
  }

  private void draw(double fraction, String text) {
    if (terminal) {
      int filled = (int) (fraction * WIDTH);
      err.print("\r[" + "#".repeat(filled) + ".".repeat(WIDTH - filled) + "] " + text + "\u001b[K");
      err.flush();
    }
  }

  @Override
  public void measured(BenchResult result) throws IOException {
    clear();
    for (BenchOutput output : outputs) {
      output.add(result);
    }
  }

  @Override
  public void close() {
    clear();
  }

  /** Removes the bar. */
  void clear() {
    if (terminal) {
      err.print("\r\u001b[K");
      err.flush();
    }
  }
}
