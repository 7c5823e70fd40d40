package io.panallama.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Optional;

/** Lines of a pipe or a file: no prompt, no editing. What is not UTF-8 is refused with its line, as by {@code run}. */
final class PipedLines implements LineSource {
  private static final int BLOCK = 1 << 16;

  private final InputStream in;
  private final StopSignals signals;

  /** What was read and is not a line yet, from {@link #begin} to {@link #end}; before {@link #searched} no line ends. */
  private byte[] bytes = new byte[BLOCK];

  private int begin;
  private int end;
  private int searched;
  private int line;
  private boolean afterReturn;
  private boolean ended;

  PipedLines(InputStream in, StopSignals signals) {
    this.in = in;
    this.signals = signals;
  }

  @Override
  public Optional<String> next(String prompt) {
    try {
      boolean more = true;
      while (more && !hasLine()) {
        more = fill(BLOCK);
      }
      if (!more && begin == end) {
        return Optional.empty();
      }
      String text = Utf8.decode(Arrays.copyOfRange(bytes, begin, searched), ++line);
      if (more) {
        afterReturn = bytes[searched] == '\r';
        searched++;
      }
      begin = searched;
      return Optional.of(text);
    } catch (IOException failure) {
      throw unreadable(failure);
    }
  }

  /** Whether {@link #next} would give a line without waiting for more input; false at the end of input. */
  boolean isReady() {
    try {
      while (!hasLine()) {
        int waiting = in.available();
        if (waiting <= 0 || !fill(Math.min(waiting, BLOCK))) {
          return false;
        }
      }
      return true;
    } catch (IOException failure) {
      throw unreadable(failure);
    }
  }

  private static UncheckedIOException unreadable(IOException failure) {
    return new UncheckedIOException("Standard input can't be read: " + failure.getMessage(), failure);
  }

  /** Looks for the end of the next line; {@link #searched} is its place, or the end of what was read. */
  private boolean hasLine() {
    if (afterReturn && begin < end) {
      // The second half of the end of the line before.
      begin += bytes[begin] == '\n' ? 1 : 0;
      searched = Math.max(searched, begin);
      afterReturn = false;
    }
    while (searched < end && bytes[searched] != '\n' && bytes[searched] != '\r') {
      searched++;
    }
    return searched < end;
  }

  /** Waits for more; false at the end of input. */
  private boolean fill(int most) throws IOException {
    if (begin > 0) {
      System.arraycopy(bytes, begin, bytes, 0, end - begin);
      end -= begin;
      searched -= begin;
      begin = 0;
    }
    if (bytes.length - end < most) {
      bytes = Arrays.copyOf(bytes, Math.max(end + most, bytes.length + bytes.length / 2));
    }
    // A terminal could go on after its end.
    int count = ended ? -1 : in.read(bytes, end, most);
    end += Math.max(0, count);
    ended = count < 0;
    return !ended;
  }

  @Override
  public StopSignals.Registration onInterrupt(Runnable action) {
    return signals.onStop(action);
  }

  /** Standard input belongs to the process and is not closed. */
  @Override
  public void close() {}
}
