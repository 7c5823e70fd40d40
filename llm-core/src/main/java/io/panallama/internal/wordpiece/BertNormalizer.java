package io.panallama.internal.wordpiece;

import java.util.function.IntConsumer;

/**
 * Hugging Face's {@code BertNormalizer} with {@code clean_text} and {@code handle_chinese_chars}: it drops control
 * characters, turns white space into U+0020, puts spaces around Chinese characters, and then strips accents and lowercases
 * if it is told to.
 *
 * <p>Immutable, so thread-safe. It takes a time in proportion to the text, whatever is in it, and no memory except for a
 * run of combining marks that are kept.
 *
 * @param lowercase whether letters become lower case, each by itself: a final sigma is one like any other
 * @param stripAccents whether the text is decomposed and loses its non-spacing marks
 */
record BertNormalizer(boolean lowercase, boolean stripAccents) {
  private static final int CAPITAL_I_WITH_DOT = 0x130;
  private static final int DOT_ABOVE = 0x307;

  /** How many UTF-16 units are read between two calls of the checkpoint: less than a millisecond's worth. */
  private static final int STRIDE = 4096;

  /**
   * Normalizes a part of a text.
   *
   * @param out takes the code points of the result
   * @param checkpoint called now and then; it may throw to end the work
   */
  void normalize(CharSequence text, int from, int to, IntConsumer out, Runnable checkpoint) {
    IntConsumer letters = lowercase ? point -> toLowercase(point, out) : out;
    AccentStripper accents = stripAccents ? new AccentStripper(letters) : null;
    IntConsumer clean = accents != null ? accents : letters;
    int due = from;
    for (int i = from; i < to; ) {
      if (i >= due) {
        checkpoint.run();
        due = i + STRIDE;
      }
      int point = pointAt(text, i, to);
      i += Character.charCount(point);
      if (isWhiteSpace(point)) {
        clean.accept(' ');
      } else if (isChinese(point)) {
        clean.accept(' ');
        clean.accept(point);
        clean.accept(' ');
      } else if (point != 0xFFFD && !UnicodeTables.OTHER.get(point)) {
        clean.accept(point);
      }
    }
    if (accents != null) {
      accents.flush();
    }
  }

  private static int pointAt(CharSequence text, int index, int to) {
    char unit = text.charAt(index);
    return Character.isHighSurrogate(unit) && index + 1 < to ? Character.codePointAt(text, index) : unit;
  }

  /** One character at a time, like Rust's {@code char::to_lowercase}, which knows one mapping to two characters. */
  private static void toLowercase(int point, IntConsumer out) {
    if (point == CAPITAL_I_WITH_DOT) {
      out.accept('i');
      out.accept(DOT_ABOVE);
    } else {
      out.accept(Character.toLowerCase(point));
    }
  }

  /** Unicode's White_Space without U+000B, U+000C and U+0085, which count as control characters. */
  private static boolean isWhiteSpace(int point) {
    return switch (point) {
      case ' ', '\t', '\n', '\r', 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true;
      default -> point >= 0x2000 && point <= 0x200A;
    };
  }

  /** The blocks of BERT's {@code _is_chinese_char}, of which Hugging Face lets extension E begin at U+2B920. */
  private static boolean isChinese(int point) {
    return point >= 0x3400
        && (point <= 0x4DBF
            || point >= 0x4E00 && point <= 0x9FFF
            || point >= 0xF900 && point <= 0xFAFF
            || point >= 0x20000 && point <= 0x2A6DF
            || point >= 0x2A700 && point <= 0x2B81F
            || point >= 0x2B920 && point <= 0x2CEAF
            || point >= 0x2F800 && point <= 0x2FA1F);
  }
}
