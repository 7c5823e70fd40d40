package io.panallama.load.bench;

import java.io.IOException;

/** Writes results as they arrive. Confined to one thread. */
public interface BenchOutput {
  /** Writes the heading. */
  void begin(BenchHead head) throws IOException;

  /** Adds a result. */
  void add(BenchResult result) throws IOException;

  /** Ends the output, also after an interruption. */
  void end() throws IOException;
}
