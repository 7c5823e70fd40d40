package io.panallama.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Lines of a pipe or a file: no prompt, no editing. What is not UTF-8 is refused, as by {@code run}. */
final class PipedLines implements LineSource {
  private final BufferedReader reader;
  private final StopSignals signals;

  PipedLines(InputStream in, StopSignals signals) {
    this.reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()));
    this.signals = signals;
  }

  @Override
  public Optional<String> next(String prompt) {
    try {
      return Optional.ofNullable(reader.readLine());
    } catch (CharacterCodingException malformed) {
      throw new UsageException("Standard input is not UTF-8 text.", malformed);
    } catch (IOException failure) {
      throw new UncheckedIOException("Standard input can't be read: " + failure.getMessage(), failure);
    }
  }

  @Override
  public StopSignals.Registration onInterrupt(Runnable action) {
    return signals.onStop(action);
  }

  /** Standard input belongs to the process and is not closed. */
  @Override
  public void close() {}
}
