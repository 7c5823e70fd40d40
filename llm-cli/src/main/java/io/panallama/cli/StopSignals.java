package io.panallama.cli;

/** Tells of the wish to stop: Ctrl-C and SIGTERM. */
@FunctionalInterface
interface StopSignals {
  /**
   * Runs {@code action}, on another thread, at the first signal instead of ending the process; a second signal ends it.
   *
   * @return closing it gives the signals back
   */
  Registration onStop(Runnable action);

  /** A handler in force. */
  @FunctionalInterface
  interface Registration extends AutoCloseable {
    @Override
    void close();
  }
}
