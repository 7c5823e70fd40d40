package io.panallama.internal.worker;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Locale;

/** Logs in this process what a worker logged in its own. */
final class WorkerLog {
  private static final Logger OTHER = System.getLogger("io.panallama.worker.output");

  private WorkerLog() {}

  /** A line is a level, a logger and a message after a mark each; anything else was printed by native code. */
  static void repeat(String line, char mark) {
    int second = line.isEmpty() || line.charAt(0) != mark ? -1 : line.indexOf(mark, 1);
    int third = second < 0 ? -1 : line.indexOf(mark, second + 1);
    if (third < 0) {
      if (!line.isBlank()) {
        OTHER.log(Level.DEBUG, line);
      }
      return;
    }
    System.getLogger(line.substring(second + 1, third))
        .log(level(line.substring(1, second)), line.substring(third + 1));
  }

  private static Level level(String name) {
    return switch (name.toUpperCase(Locale.ROOT)) {
      case "SEVERE", "ERROR" -> Level.ERROR;
      case "WARNING" -> Level.WARNING;
      case "CONFIG", "FINE", "DEBUG" -> Level.DEBUG;
      case "FINER", "FINEST", "TRACE" -> Level.TRACE;
      default -> Level.INFO;
    };
  }
}
