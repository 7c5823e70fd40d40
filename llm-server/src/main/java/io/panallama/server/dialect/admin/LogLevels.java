package io.panallama.server.dialect.admin;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import java.util.regex.Pattern;

/**
 * The levels of java.util.logging, which is what a System.Logger writes to unless the program has another backend. Safe for use by several
 * threads.
 */
final class LogLevels {
  /** The parent of all loggers of ours. */
  static final String OURS = "io.panallama";

  /** The levels by the names of System.Logger, the least talkative first. */
  static final List<String> NAMES = List.of("off", "error", "warning", "info", "debug", "trace");

  private static final Pattern OUR_NAMES = Pattern.compile("io\\.panallama(\\.\\w{1,64}){0,8}");

  /** The log manager holds loggers weakly; without these references a level would be forgotten. */
  private final Map<String, Logger> changed = new ConcurrentHashMap<>();

  /** Whether a logger may be named: one of ours, or one that there is. */
  static boolean isLogger(String name) {
    return OUR_NAMES.matcher(name).matches() || LogManager.getLogManager().getLogger(name) != null;
  }

  /** The level from which on a logger writes, its own or that of its nearest parent that has one. */
  String of(String name) {
    Logger logger = Logger.getLogger(name);
    Level level = logger.getLevel();
    while (level == null && logger.getParent() != null) {
      logger = logger.getParent();
      level = logger.getLevel();
    }
    return word(level == null ? Level.INFO : level);
  }

  private static String word(Level level) {
    int value = level.intValue();
    if (value == Level.OFF.intValue()) {
      return "off";
    }
    if (value > Level.WARNING.intValue()) {
      return "error";
    }
    if (value > Level.INFO.intValue()) {
      return "warning";
    }
    if (value > Level.FINE.intValue()) {
      return "info";
    }
    return value > Level.FINER.intValue() ? "debug" : "trace";
  }

  /** Sets the level of a logger and of those below it that have none of their own. */
  void set(String name, String level) {
    changed.computeIfAbsent(name, Logger::getLogger).setLevel(level(level));
  }

  private static Level level(String word) {
    return switch (word) {
      case "off" -> Level.OFF;
      case "error" -> Level.SEVERE;
      case "warning" -> Level.WARNING;
      case "info" -> Level.INFO;
      case "debug" -> Level.FINE;
      case "trace" -> Level.FINER;
      default -> throw new IllegalArgumentException(word + " is no level");
    };
  }
}
