package io.panallama.cli;

import java.util.Locale;

/** Makes text from models and files safe for a terminal, and formats numbers for people. */
final class Printable {
  private static final String[] BYTE_UNITS = {"KiB", "MiB", "GiB", "TiB"};

  private Printable() {}

  /**
   * The text with control characters (C0 except newline and tab, DEL, C1) written as {@code \x1b}: a model or a file
   * must not move the cursor, set the title or write to the clipboard.
   */
  static String text(String text) {
    int first = 0;
    while (first < text.length() && !isControl(text.charAt(first))) {
      first++;
    }
    if (first == text.length()) {
      return text;
    }
    StringBuilder safe = new StringBuilder(text.length() + 8).append(text, 0, first);
    for (int i = first; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isControl(c)) {
        safe.append(String.format(Locale.ROOT, "\\x%02x", (int) c));
      } else {
        safe.append(c);
      }
    }
    return safe.toString();
  }

  /** As {@link #text}, on one line. */
  static String line(String text) {
    return text(text.strip().replaceAll("\\s*\\R\\s*", " ").replace('\t', ' '));
  }

  /** A failure's message with a full stop at its end. */
  static String sentence(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    return message.endsWith(".") ? message : message + ".";
  }

  private static boolean isControl(char c) {
    return Character.isISOControl(c) && c != '\n' && c != '\t';
  }

  /** {@code "2.1 MiB"}. */
  static String bytes(long count) {
    if (count < 1024) {
      return count + " B";
    }
    double value = count;
    int unit = -1;
    while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, BYTE_UNITS[unit]);
  }

  /** {@code "2.0 million"}. */
  static String count(long number) {
    if (number >= 1_000_000_000) {
      return String.format(Locale.ROOT, "%.1f billion", number / 1e9);
    }
    if (number >= 1_000_000) {
      return String.format(Locale.ROOT, "%.1f million", number / 1e6);
    }
    return String.format(Locale.ROOT, "%,d", number);
  }
}
