package io.panallama.load.bench;

import java.io.IOException;
import java.nio.file.Path;

/** Receives the progress of a {@link BenchRunner}, on its thread. */
public interface BenchListener {
  /**
   * A model is being loaded.
   *
   * @param fraction 0 to 1
   */
  void loading(Path file, float fraction);

  /**
   * A repetition begins.
   *
   * @param number the test's number, from 0
   * @param repetition from 1; 0 for the uncounted part, which is the context at a depth and the warm-up
   */
  void running(int number, BenchTest test, int repetition);

  /** A test is done. */
  void measured(BenchResult result) throws IOException;
}
