package io.panallama.load.bench;

import java.io.IOException;

/** Writes results as they come. One thread. */
public interface BenchOutput {
  /** Begins with what is known before. */
  void begin(BenchHead head) throws IOException;

  /** Adds a result. */
  void add(BenchResult result) throws IOException;

  /** Ends; without the rest if it was interrupted. */
  void end() throws IOException;
}
