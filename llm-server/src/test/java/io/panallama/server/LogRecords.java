package io.panallama.server;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * The log messages of a class while this is open. They do not reach the console, so intended failures print nothing.
 */
public final class LogRecords implements AutoCloseable {
  private final Logger logger;
  private final boolean usedParents;
  private final List<LogRecord> records = new CopyOnWriteArrayList<>();
  private final Handler collector =
      new Handler() {
        @Override
        public void publish(LogRecord record) {
          records.add(record);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private LogRecords(Class<?> source) {
    logger = Logger.getLogger(source.getName());
    usedParents = logger.getUseParentHandlers();
    logger.setUseParentHandlers(false);
    logger.addHandler(collector);
  }

  public static LogRecords of(Class<?> source) {
    return new LogRecords(source);
  }

  /** The messages of errors so far. */
  public List<String> errors() {
    return records.stream()
        .filter(record -> record.getLevel().equals(Level.SEVERE))
        .map(LogRecord::getMessage)
        .toList();
  }

  /** What was logged with errors so far. */
  public List<Throwable> thrown() {
    return records.stream()
        .filter(record -> record.getLevel().equals(Level.SEVERE) && record.getThrown() != null)
        .map(LogRecord::getThrown)
        .toList();
  }

  /** The messages of warnings so far. */
  public List<String> warnings() {
    return records.stream()
        .filter(record -> record.getLevel().equals(Level.WARNING))
        .map(LogRecord::getMessage)
        .toList();
  }

  @Override
  public void close() {
    logger.removeHandler(collector);
    logger.setUseParentHandlers(usedParents);
  }
}
