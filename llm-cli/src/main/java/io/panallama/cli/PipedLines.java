package io.panallama.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;

/** Lines of a pipe or a file: no prompt, no editing. What is not UTF-8 is refused with its line, as by {@code run}. */
final class PipedLines implements LineSource {
  private final BufferedInputStream in;
  private final StopSignals signals;
  private int line;
  private boolean afterReturn;

  PipedLines(InputStream in, StopSignals signals) {
    this.in = new BufferedInputStream(in);
    this.signals = signals;
  }

  @Override
  public Optional<String> next(String prompt) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    boolean ended = false;
    try {
      int next = in.read();
      // The second half of the end of the line before.
      if (next == '\n' && afterReturn) {
        next = in.read();
      }
      afterReturn = false;
      if (next < 0) {
        return Optional.empty();
      }
      while (!ended) {
        ended = next < 0 || next == '\n' || next == '\r';
        if (ended) {
          afterReturn = next == '\r';
        } else {
          bytes.write(next);
          next = in.read();
        }
      }
    } catch (IOException failure) {
      throw new UncheckedIOException("Standard input can't be read: " + failure.getMessage(), failure);
    }
    return Optional.of(Utf8.decode(bytes.toByteArray(), ++line));
  }

  @Override
  public StopSignals.Registration onInterrupt(Runnable action) {
    return signals.onStop(action);
  }

  /** Standard input belongs to the process and is not closed. */
  @Override
  public void close() {}
}
