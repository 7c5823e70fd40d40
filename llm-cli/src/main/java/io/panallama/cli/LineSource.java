package io.panallama.cli;

import java.util.Optional;

/** Where the lines of a chat come from. */
interface LineSource extends AutoCloseable {
  /**
   * Waits for the next line.
   *
   * @param prompt shown before it on a terminal
   * @return empty at the end of input
   */
  Optional<String> next(String prompt);

  /** Runs {@code action} at each Ctrl-C until the result is closed, instead of ending the program. */
  StopSignals.Registration onInterrupt(Runnable action);

  @Override
  void close();
}
