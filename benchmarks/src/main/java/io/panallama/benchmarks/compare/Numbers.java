package io.panallama.benchmarks.compare;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.Locale;

/** Formats numbers for people. */
final class Numbers {
  private Numbers() {}

  /** With three significant digits, whole from 100 on. */
  static String three(double number) {
    if (Math.abs(number) >= 100) {
      return String.format(Locale.ROOT, "%.0f", number);
    }
    int decimals = Math.abs(number) >= 10 ? 1 : Math.abs(number) >= 1 ? 2 : 3;
    return String.format(Locale.ROOT, "%." + decimals + "f", number);
  }

  /** A ratio with two decimals; three near 1, where the third one may be the difference. */
  static String ratio(double ratio) {
    return String.format(Locale.ROOT, Math.abs(ratio - 1) < 0.05 ? "%.3f" : ratio >= 10 ? "%.1f" : "%.2f", ratio);
  }

  /** A tick, without insignificant digits. */
  static String tick(double value) {
    return new BigDecimal(value).round(new MathContext(3)).stripTrailingZeros().toPlainString();
  }

  /** {@code 12 min 5 s}. */
  static String duration(Duration time) {
    long seconds = Math.round(time.toMillis() / 1e3);
    return seconds < 60 ? seconds + " s" : seconds / 60 + " min " + seconds % 60 + " s";
  }
}
