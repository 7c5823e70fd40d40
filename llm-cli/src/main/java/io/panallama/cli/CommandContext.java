package io.panallama.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * What a command works with: its streams, and the world behind seams.
 *
 * @param in standard input
 * @param out results, UTF-8
 * @param err everything else, UTF-8
 * @param interactive whether input and output are a terminal
 * @param errTerminal whether {@code err} is a terminal, so that a progress bar may be drawn on it
 * @param inference loads models
 * @param signals tells of Ctrl-C and SIGTERM
 */
record CommandContext(
    InputStream in,
    PrintStream out,
    PrintStream err,
    boolean interactive,
    boolean errTerminal,
    Inference inference,
    StopSignals signals) {
  /** Set by the launcher, which can ask the shell; the JDK only knows about input and output together. */
  private static final String ERR_TERMINAL_PROPERTY = "panallama.stderr.terminal";

  /** The process's own streams. Always UTF-8: what is printed is JSON or a model's text, in any script. */
  static CommandContext system() {
    boolean interactive = System.console() != null && System.console().isTerminal();
    String errTerminal = System.getProperty(ERR_TERMINAL_PROPERTY, Boolean.toString(interactive));
    return new CommandContext(
        System.in,
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        interactive,
        Boolean.parseBoolean(errTerminal),
        new CoreInference(),
        new SystemStopSignals());
  }
}
