package io.panallama.internal.schema;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes GBNF for the numbers between two bounds, digit by digit, without exponents. llama.cpp's own rules know bounds of
 * integers of at most 64 bits, and none of other numbers.
 */
final class NumberRules {
  /** As many digits as llama.cpp's rules allow on each side of the point. */
  private static final int DIGITS = 16;

  private static final String ANY_FRACTION = "(\".\" [0-9]{1," + DIGITS + "})?";

  private static final String ANY_DIGITS = "[0-9]{0," + (DIGITS - 1) + "}";

  private static final String ZEROS = "[0]{0," + (DIGITS - 1) + "}";

  /** Some digits that are not all zero. */
  private static final String MORE_THAN_ZERO = "[0]{0,7} [1-9] [0-9]{0,7}";

  /**
   * A bound of numbers.
   *
   * @param excluded whether the bound itself is not allowed
   */
  record Bound(BigDecimal value, boolean excluded) {
    static Bound of(BigDecimal value) {
      return new Bound(value, false);
    }

    private Bound negated() {
      return new Bound(value.negate(), excluded);
    }

    private BigInteger whole() {
      return value.toBigInteger();
    }

    /** The digits after the point, without zeros at the end. */
    private String fraction() {
      BigDecimal rest = value.subtract(new BigDecimal(whole())).stripTrailingZeros();
      return rest.signum() == 0 ? "" : rest.toPlainString().substring(2);
    }
  }

  private NumberRules() {}

  /** The integers from one to another, which is not smaller. Without one of them they have a few more digits. */
  static String integers(@Nullable BigInteger from, @Nullable BigInteger to) {
    BigInteger low = from != null ? from : least(to);
    BigInteger high = to != null ? to : least(low.negate()).negate();
    List<String> ways = new ArrayList<>();
    if (low.signum() < 0) {
      BigInteger nearest = high.signum() < 0 ? high.negate() : BigInteger.ONE;
      ways.add("\"-\" (" + String.join(" | ", wholes(nearest, low.negate())) + ")");
    }
    if (high.signum() >= 0) {
      ways.addAll(wholes(low.max(BigInteger.ZERO), high));
    }
    return String.join(" | ", ways);
  }

  private static BigInteger least(@Nullable BigInteger below) {
    int digits = below == null ? DIGITS : Math.max(DIGITS, below.abs().toString().length() + 1);
    return BigInteger.ONE.subtract(BigInteger.TEN.pow(digits));
  }

  /** The numbers between two bounds; null if there are none. */
  static @Nullable String numbers(@Nullable Bound from, @Nullable Bound to) {
    List<String> ways = new ArrayList<>();
    Bound zero = Bound.of(BigDecimal.ZERO);
    if (from == null || from.value().signum() < 0) {
      boolean below = to != null && to.value().signum() < 0;
      Bound nearest = to != null && below ? to.negated() : new Bound(BigDecimal.ZERO, true);
      List<String> negative = decimals(nearest, from == null ? null : from.negated());
      if (!negative.isEmpty()) {
        ways.add("\"-\" (" + String.join(" | ", negative) + ")");
      }
    }
    if (to == null || to.value().signum() >= 0) {
      ways.addAll(decimals(from == null || from.value().signum() < 0 ? zero : from, to));
    }
    return ways.isEmpty() ? null : String.join(" | ", ways);
  }

  /** The numbers, zero or larger, between two bounds. */
  private static List<String> decimals(Bound from, @Nullable Bound to) {
    List<String> ways = new ArrayList<>();
    BigInteger low = from.whole();
    BigInteger high = to == null ? null : to.whole();
    if (to != null && low.equals(high)) {
      String between = between(from.fraction(), from.excluded(), to.fraction(), to.excluded());
      if (between != null) {
        ways.add("\"" + low + "\" " + between);
      }
      return ways;
    }
    if (high != null && low.compareTo(high) > 0) {
      return ways;
    }
    ways.add("\"" + low + "\" " + atLeast(from.fraction(), from.excluded()));
    BigInteger next = low.add(BigInteger.ONE);
    BigInteger last = high == null ? least(low).negate() : high.subtract(BigInteger.ONE);
    if (next.compareTo(last) <= 0) {
      ways.add("(" + String.join(" | ", wholes(next, last)) + ") " + ANY_FRACTION);
    }
    String most = to == null ? null : atMost(to.fraction(), to.excluded());
    if (most != null) {
      ways.add("\"" + high + "\" " + most);
    }
    return ways;
  }

  // ---- whole numbers, zero or larger ----

  private static List<String> wholes(BigInteger from, BigInteger to) {
    List<String> ways = new ArrayList<>();
    int most = to.toString().length();
    int full = 0; // the fewest digits of the numbers so far that may have any
    for (int digits = from.toString().length(); digits <= most; digits++) {
      BigInteger first = digits == 1 ? BigInteger.ZERO : BigInteger.TEN.pow(digits - 1);
      BigInteger last = BigInteger.TEN.pow(digits).subtract(BigInteger.ONE);
      boolean all = digits > 1 && from.compareTo(first) <= 0 && to.compareTo(last) >= 0;
      if (all) {
        full = full == 0 ? digits : full;
      }
      if (full > 0 && (!all || digits == most)) {
        ways.add("[1-9] [0-9]{" + (full - 1) + "," + (all ? digits - 1 : digits - 2) + "}");
        full = 0;
      }
      if (!all) {
        ways.add(range(from.max(first).toString(), to.min(last).toString()));
      }
    }
    return ways;
  }

  /** The numbers from one to another of the same length. */
  private static String range(String from, String to) {
    int same = 0;
    while (same < from.length() && from.charAt(same) == to.charAt(same)) {
      same++;
    }
    String prefix = same == 0 ? "" : "\"" + from.substring(0, same) + "\"";
    int rest = from.length() - same - 1;
    if (rest < 0) {
      return prefix;
    }
    char low = from.charAt(same);
    char high = to.charAt(same);
    String lows = from.substring(same + 1);
    String highs = to.substring(same + 1);
    List<String> ways = new ArrayList<>();
    if (rest > 0 && !lows.equals("0".repeat(rest))) {
      ways.add(digit(low, low) + " " + range(lows, "9".repeat(rest)));
      low++;
    }
    String last = null;
    if (rest > 0 && !highs.equals("9".repeat(rest))) {
      last = digit(high, high) + " " + range("0".repeat(rest), highs);
      high--;
    }
    if (low <= high) {
      ways.add(digit(low, high) + (rest == 0 ? "" : " [0-9]{" + rest + "}"));
    }
    if (last != null) {
      ways.add(last);
    }
    return (prefix + " (" + String.join(" | ", ways) + ")").strip();
  }

  private static String digit(char low, char high) {
    return low == high ? "[" + low + "]" : "[" + low + "-" + high + "]";
  }

  // ---- what follows the whole part: nothing, or a point and digits ----

  private static String atLeast(String fraction, boolean excluded) {
    if (fraction.isEmpty()) {
      return excluded ? "\".\" " + MORE_THAN_ZERO : ANY_FRACTION;
    }
    return "\".\" " + digitsAtLeast(fraction, excluded);
  }

  private static @Nullable String atMost(String fraction, boolean excluded) {
    if (fraction.isEmpty()) {
      return excluded ? null : "(\".\" [0] " + ZEROS + ")?";
    }
    String digits = digitsAtMost(fraction, excluded);
    return digits == null ? "" : "(\".\" " + digits + ")?";
  }

  private static @Nullable String between(String from, boolean above, String to, boolean below) {
    if (from.isEmpty() && !above) {
      return atMost(to, below);
    }
    String digits = digitsBetween(from, above, to, below);
    return digits == null ? null : "\".\" " + digits;
  }

  /** Digits that are at least these: {@code MORE_THAN_ZERO} or any at their end. */
  private static String digitsAtLeast(String from, boolean above) {
    if (from.isEmpty()) {
      return above ? MORE_THAN_ZERO : ANY_DIGITS;
    }
    char first = from.charAt(0);
    String same = digit(first, first) + " " + digitsAtLeast(from.substring(1), above);
    return first == '9' ? same : "(" + same + " | " + digit((char) (first + 1), '9') + " " + ANY_DIGITS + ")";
  }

  /** At least one digit, and no more than these, which don't end with zero; null if there are none. */
  private static @Nullable String digitsAtMost(String to, boolean below) {
    List<String> ways = new ArrayList<>();
    char first = to.isEmpty() ? '0' : to.charAt(0);
    if (first > '0') {
      ways.add(digit('0', (char) (first - 1)) + " " + ANY_DIGITS);
    }
    if (to.length() > 1) {
      String rest = digitsAtMost(to.substring(1), below);
      // To end here is less.
      ways.add(digit(first, first) + (rest == null ? "" : " (" + rest + ")?"));
    } else if (!below) {
      ways.add(digit(first, first) + " " + ZEROS);
    }
    return ways.isEmpty() ? null : "(" + String.join(" | ", ways) + ")";
  }

  private static @Nullable String digitsBetween(String from, boolean above, String to, boolean below) {
    if (from.isEmpty() && to.isEmpty()) {
      return above || below ? null : ZEROS;
    }
    char low = from.isEmpty() ? '0' : from.charAt(0);
    char high = to.isEmpty() ? '0' : to.charAt(0);
    String lows = from.isEmpty() ? "" : from.substring(1);
    String highs = to.isEmpty() ? "" : to.substring(1);
    if (low > high) {
      return null;
    }
    if (low == high) {
      String rest = digitsBetween(lows, above, highs, below);
      return rest == null ? null : digit(low, low) + " " + rest;
    }
    List<String> ways = new ArrayList<>();
    ways.add(digit(low, low) + " " + digitsAtLeast(lows, above));
    if (high - low > 1) {
      ways.add(digit((char) (low + 1), (char) (high - 1)) + " " + ANY_DIGITS);
    }
    if (highs.isEmpty()) {
      if (!below) {
        ways.add(digit(high, high) + " " + ZEROS);
      }
    } else {
      String rest = digitsAtMost(highs, below);
      ways.add(digit(high, high) + (rest == null ? "" : " (" + rest + ")?"));
    }
    return "(" + String.join(" | ", ways) + ")";
  }
}
