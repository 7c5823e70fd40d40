package io.panallama.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * The context of a command: its streams, and its environment behind seams.
 *
 * @param in standard input
 * @param out results, UTF-8
 * @param err everything else, UTF-8
 * @param terminals which of the three is a terminal
 * @param environment variables, and the usual configuration file
 * @param inference loads models
 * @param signals reports Ctrl-C and SIGTERM
 */
record CommandContext(
    InputStream in,
    PrintStream out,
    PrintStream err,
    Terminals terminals,
    Environment environment,
    Inference inference,
    StopSignals signals) {

  /** The process's own streams. Always UTF-8: what is printed is JSON or a model's text, in any script. */
  static CommandContext system(StopSignals signals) {
    return new CommandContext(
        System.in,
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        Terminals.system(),
        Environment.system(),
        new CoreInference(),
        signals);
  }

  /** Whether a progress bar may be drawn on {@link #err}. */
  boolean errTerminal() {
    return terminals.err();
  }

  /** Whether a person types the input and reads the output. */
  boolean interactive() {
    return terminals.interactive();
  }

  /** Prints a warning on {@link #err}. */
  void warn(String message) {
    err.println("panallama: warning: " + Printable.line(message));
  }
}
