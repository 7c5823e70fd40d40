package io.panallama.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** Sends the libraries' log messages, through java.util.logging, to standard error, one short line each. */
final class LogSetup extends Handler {
  /** The log manager holds loggers weakly; without these references a level would be forgotten. */
  private static final List<Logger> CONFIGURED =
      List.of(Logger.getLogger(""), Logger.getLogger("io.panallama"), Logger.getLogger("org.apache.lucene"));

  /** The server says here once what its clients send and it ignores, which operators want to know. */
  private static final Logger IGNORED = Logger.getLogger("io.panallama.server.http.Requests");

  /** Only used to fill in a message's parameters. */
  private static final Formatter PARAMETERS = new SimpleFormatter();

  private final PrintStream err;
  private final boolean verbose;

  private LogSetup(PrintStream err, boolean verbose) {
    this.err = err;
    this.verbose = verbose;
  }

  /**
   * Logs warnings, and which fields of requests are ignored, or with {@code verbose} everything of Panallama and llama.cpp, and other libraries from INFO
   * on. Any thread may call it, as often as it likes.
   */
  static synchronized void apply(PrintStream err, boolean verbose) {
    Logger root = CONFIGURED.getFirst();
    for (Handler old : root.getHandlers()) {
      root.removeHandler(old);
    }
    root.setLevel(verbose ? Level.INFO : Level.WARNING);
    CONFIGURED.get(1).setLevel(verbose ? Level.FINE : Level.WARNING);
    // It warns that the vector API, which is not finished, is not used.
    CONFIGURED.getLast().setLevel(verbose ? Level.INFO : Level.SEVERE);
    IGNORED.setLevel(Level.INFO);
    root.addHandler(new LogSetup(err, verbose));
  }

  @Override
  public void publish(LogRecord entry) {
    if (!isLoggable(entry)) {
      return;
    }
    String level = entry.getLevel().intValue() >= Level.SEVERE.intValue() ? "ERROR" : entry.getLevel().getName();
    String message = Printable.line(String.valueOf(PARAMETERS.formatMessage(entry)));
    Throwable thrown = entry.getThrown();
    String cause = thrown == null ? "" : " (" + Printable.line(thrown.toString()) + ")";
    err.println("panallama: " + level.toLowerCase(Locale.ROOT) + ": " + message + cause);
    if (thrown != null && verbose) {
      thrown.printStackTrace(err);
    }
  }

  @Override
  public void flush() {
    err.flush();
  }

  @Override
  public void close() {}
}
