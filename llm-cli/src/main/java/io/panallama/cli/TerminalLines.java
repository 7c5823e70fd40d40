package io.panallama.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** Lines from a terminal, with editing and a history that lasts as long as the program. */
final class TerminalLines implements LineSource {
  private final Terminal terminal;
  private final LineReader reader;

  private TerminalLines(Terminal terminal) {
    this.terminal = terminal;
    this.reader =
        LineReaderBuilder.builder().terminal(terminal).option(LineReader.Option.DISABLE_EVENT_EXPANSION, true).build();
  }

  /**
   * Opens the process's terminal through {@code stty}: JLine's other ways call native code, which only the bindings may
   * do here.
   */
  static TerminalLines open() {
    try {
      return new TerminalLines(
          TerminalBuilder.builder()
              .system(true)
              .provider("exec")
              .dumb(true)
              .nativeSignals(true)
              .graphemeCluster(false)
              .build());
    } catch (IOException failure) {
      throw new UncheckedIOException("The terminal can't be opened: " + failure.getMessage(), failure);
    }
  }

  @Override
  public Optional<String> next(String prompt) {
    while (true) {
      try {
        return Optional.of(reader.readLine(prompt));
      } catch (UserInterruptException cleared) {
        terminal.writer().println("(Ctrl-D or /exit leaves)");
        terminal.flush();
      } catch (EndOfFileException end) {
        return Optional.empty();
      }
    }
  }

  @Override
  public StopSignals.Registration onInterrupt(Runnable action) {
    Terminal.SignalHandler previous = terminal.handle(Terminal.Signal.INT, _ -> action.run());
    return () -> terminal.handle(Terminal.Signal.INT, previous);
  }

  @Override
  public void close() {
    try {
      terminal.close();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
