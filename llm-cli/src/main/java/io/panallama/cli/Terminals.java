package io.panallama.cli;

import java.io.Console;

/**
 * Which of the standard streams are a terminal. The launcher asks the shell; the JDK only knows about input and output
 * together.
 *
 * @param in whether a person types the input
 * @param out whether results are read by a person, and control characters would reach a terminal
 * @param err whether a progress bar may be drawn
 */
record Terminals(boolean in, boolean out, boolean err) {
  /** The property that the launcher sets: the letters {@code i}, {@code o} and {@code e} for each that is a terminal. */
  private static final String PROPERTY = "panallama.terminals";

  @SuppressWarnings("SystemConsoleNull") // NullAway reads the JDK's contract, which allows null
  static Terminals system() {
    String known = System.getProperty(PROPERTY);
    if (known == null) {
      Console console = System.console();
      boolean both = console != null && console.isTerminal();
      return new Terminals(both, both, both);
    }
    return new Terminals(known.contains("i"), known.contains("o"), known.contains("e"));
  }

  /** Whether a conversation can be held. */
  boolean interactive() {
    return in && out;
  }
}
