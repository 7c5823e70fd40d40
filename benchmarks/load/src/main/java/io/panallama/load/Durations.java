package io.panallama.load;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lengths of time as people write them: {@code 500ms}, {@code 1.5s}, {@code 2m}. */
public final class Durations {
  private static final Pattern FORM = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)(us|ms|s|m|h)");

  private Durations() {}

  /**
   * @throws IllegalArgumentException if there is no number or no unit
   */
  public static Duration parse(String text) {
    Matcher form = FORM.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!form.matches()) {
      throw new IllegalArgumentException("\"" + text + "\" is no length of time; write 500ms, 1.5s or 2m");
    }
    BigDecimal nanos = new BigDecimal(form.group(1)).multiply(BigDecimal.valueOf(nanos(form.group(2))));
    return Duration.ofNanos(nanos.longValue());
  }

  private static long nanos(String unit) {
    return switch (unit) {
      case "us" -> 1_000L;
      case "ms" -> 1_000_000L;
      case "s" -> 1_000_000_000L;
      case "m" -> 60_000_000_000L;
      default -> 3_600_000_000_000L;
    };
  }

  /** {@code "12.3ms"}, {@code "1.23s"}. */
  static String text(double millis) {
    String text =
        millis >= 1000
            ? String.format(Locale.ROOT, "%.3fs", millis / 1e3)
            : String.format(Locale.ROOT, "%.3fms", millis);
    return text.replaceFirst("\\.?0+(m?s)$", "$1");
  }
}
