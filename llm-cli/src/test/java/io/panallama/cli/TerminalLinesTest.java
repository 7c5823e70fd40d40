package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.DumbTerminal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TerminalLinesTest {
  private final AtomicInteger cancelled = new AtomicInteger();

  private static DumbTerminal terminal(String typed, OutputStream out) throws IOException {
    return new DumbTerminal(
        "test",
        Terminal.TYPE_DUMB,
        new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8)),
        out,
        StandardCharsets.UTF_8);
  }

  @Test
  void ctrlCRightAfterEnterStopsTheAnswer() throws IOException {
    DumbTerminal terminal = terminal("hello\nagain\n", new ByteArrayOutputStream());
    try (TerminalLines lines = new TerminalLines(terminal)) {
      assertThat(lines.next("> ")).contains("hello");
      terminal.raise(Terminal.Signal.INT);
      lines.onInterrupt(cancelled::incrementAndGet).close();
      assertThat(cancelled).hasValue(1);
      assertThat(lines.next("> ")).contains("again");
      lines.onInterrupt(cancelled::incrementAndGet).close();
      assertThat(cancelled).as("once only").hasValue(1);
    }
  }

  /** While the editor ends the line, Ctrl-C still goes to the editor. */
  @Test
  void ctrlCInTheInstantOfEnterStopsTheAnswer() throws IOException {
    DumbTerminal[] terminal = new DumbTerminal[1];
    OutputStream pressing =
        new OutputStream() {
          private boolean pressed;

          @Override
          public void write(int character) {
            if (character == '\n' && !pressed) {
              pressed = true;
              terminal[0].raise(Terminal.Signal.INT);
            }
          }
        };
    terminal[0] = terminal("hello\n", pressing);
    try (TerminalLines lines = new TerminalLines(terminal[0])) {
      assertThat(lines.next("> ")).contains("hello");
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
      lines.onInterrupt(cancelled::incrementAndGet).close();
      assertThat(cancelled).hasValue(1);
    }
  }

  @Test
  void ctrlCDuringAnAnswerStopsIt() throws IOException {
    DumbTerminal terminal = terminal("hello\n", new ByteArrayOutputStream());
    try (TerminalLines lines = new TerminalLines(terminal)) {
      assertThat(lines.next("> ")).contains("hello");
      try (StopSignals.Registration _ = lines.onInterrupt(cancelled::incrementAndGet)) {
        terminal.raise(Terminal.Signal.INT);
      }
      assertThat(cancelled).hasValue(1);
    }
  }
}
