package io.panallama.internal.stream;

/**
 * Escapes the control characters in the strings of a call's arguments, of which JSON has none. A format whose strings are not
 * JSON's, such as LFM2's, lets the model write them, and the parser hands them on. Takes the arguments of one call, piece by
 * piece.
 */
final class StringControls {
  private static final char FIRST_PRINTABLE = ' ';

  private boolean inString;
  private boolean afterBackslash;

  /** The next piece, as JSON has it. */
  String escaped(String piece) {
    StringBuilder text = null;
    for (int i = 0; i < piece.length(); i++) {
      char c = piece.charAt(i);
      if (inString && c < FIRST_PRINTABLE) {
        text = text == null ? new StringBuilder(piece.length() + 8).append(piece, 0, i) : text;
        text.append(afterBackslash ? "" : "\\").append(name(c));
        afterBackslash = false;
        continue;
      }
      if (inString) {
        inString = afterBackslash || c != '"';
        afterBackslash = !afterBackslash && c == '\\';
      } else {
        inString = c == '"';
      }
      if (text != null) {
        text.append(c);
      }
    }
    return text == null ? piece : text.toString();
  }

  private static String name(char control) {
    return switch (control) {
      case '\n' -> "n";
      case '\r' -> "r";
      case '\t' -> "t";
      default -> "u%04x".formatted((int) control);
    };
  }
}
