package io.panallama.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.Widget;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/**
 * Lines from a terminal, with editing and a history that lasts as long as the program.
 *
 * <p>Ctrl-C between Enter and {@link #onInterrupt} is meant for the answer to that line, and is remembered until the answer
 * can be stopped: the editor, which would forget it, gets no more signals once Enter was pressed.
 */
final class TerminalLines implements LineSource {
  private final Terminal terminal;
  private final LineReader reader;

  /** Whether Ctrl-C was pressed since the last line. */
  private final AtomicBoolean interrupted = new AtomicBoolean();

  TerminalLines(Terminal terminal) {
    this.terminal = terminal;
    terminal.handle(Terminal.Signal.INT, _ -> interrupted.set(true));
    this.reader =
        LineReaderBuilder.builder().terminal(terminal).option(LineReader.Option.DISABLE_EVENT_EXPANSION, true).build();
    Widget accept = Objects.requireNonNull(reader.getBuiltinWidgets().get(LineReader.ACCEPT_LINE));
    reader
        .getWidgets()
        .put(
            LineReader.ACCEPT_LINE,
            () -> {
              terminal.handle(Terminal.Signal.INT, _ -> interrupted.set(true));
              return accept.apply();
            });
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
        interrupted.set(false);
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
    if (interrupted.getAndSet(false)) {
      action.run();
    }
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
