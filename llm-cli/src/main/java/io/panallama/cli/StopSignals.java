package io.panallama.cli;

import java.time.Duration;

/** Receives the requests to stop: Ctrl-C and SIGTERM. */
@FunctionalInterface
interface StopSignals {
  /**
   * Runs {@code action}, on another thread, at the first signal instead of ending the process; a second signal ends it.
   * If the first came already, it runs at once.
   *
   * @return a handle; closing it restores what signals did before
   */
  Registration onStop(Runnable action);

  /**
   * Ends the process with code 0 when this time is over, whatever it waits for then. Without effect where the process is not for
   * this command alone.
   */
  default void endWithin(Duration limit) {}

  /**
   * Whether a signal, or something else, is ending the process already. What fails from then on is no fault: engines are being
   * closed.
   */
  default boolean isEnding() {
    return false;
  }

  /** An installed handler. */
  @FunctionalInterface
  interface Registration extends AutoCloseable {
    @Override
    void close();
  }
}
