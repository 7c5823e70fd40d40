package io.panallama.internal.schema;

import org.jspecify.annotations.Nullable;

/**
 * Writes patterns for long strings of a bounded length.
 *
 * <p>A grammar that counts to n one by one has n rules. These patterns count blocks and then characters, which takes about
 * three times the square root.
 */
final class StringRules {
  /** The most characters that can be counted. */
  static final int MOST = 1_000_000;

  /** A character of a JSON string as it is written, in the form of {@link SchemaPattern#rewrite}'s results. */
  private static final String CHARACTER =
      "([^\"\\\\\\x00-\\x1F\\x7F]|[\\\\]([\"\\\\bfnrt]|u([0-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2})))";

  private StringRules() {}

  /**
   * @param most null for no bound
   */
  static String lengths(int least, @Nullable Integer most) {
    return "^" + exactly(least) + (most == null ? CHARACTER + "*" : atMost(most - least)) + "$";
  }

  private static String exactly(int count) {
    int block = block(count);
    int blocks = count / block;
    int rest = count % block;
    return (blocks == 0 ? "" : "(" + times(block) + "){" + blocks + "}") + (rest == 0 ? "" : times(rest));
  }

  private static String atMost(int count) {
    if (count == 0) {
      return "";
    }
    int block = block(count);
    int blocks = count / block;
    int rest = count % block;
    String whole =
        (blocks == 1 ? "" : "(" + times(block) + "){0," + (blocks - 1) + "}") + CHARACTER + "{0," + block + "}";
    if (rest == 0) {
      return whole;
    }
    String few = rest == 1 ? "" : CHARACTER + "{0," + (rest - 1) + "}|";
    return "(" + few + times(rest) + whole + ")" + (rest == 1 ? "?" : "");
  }

  private static String times(int count) {
    return CHARACTER + (count == 1 ? "" : "{" + count + "}");
  }

  private static int block(int count) {
    return Math.max(1, (int) Math.ceil(Math.sqrt(count)));
  }
}
