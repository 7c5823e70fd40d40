package io.panallama.load.bench;

import java.io.IOException;
import java.nio.file.Path;

/** Is told of what a {@link BenchRunner} does, on its thread. */
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
   * @param number of the test, from 0
   * @param repetition from 1; 0 is what does not count: the tokens before, and the warm-up
   */
  void running(int number, BenchTest test, int repetition);

  /** A test is done. */
  void measured(BenchResult result) throws IOException;
}
