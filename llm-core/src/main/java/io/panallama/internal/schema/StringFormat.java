package io.panallama.internal.schema;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A format of strings that is enforced, as a pattern in the form of {@link SchemaPattern#rewrite}'s results. Immutable.
 *
 * <p>Dates and times are those of RFC 3339, without the year 0, leap seconds and fractions of other than three digits, which
 * many validators refuse. llama.cpp's own rules allow each month 31 days.
 *
 * @param least the fewest characters of such a string
 * @param most the most characters of such a string
 */
record StringFormat(String pattern, int least, int most) {
  private static final String YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)";

  /** Two digits, as a number divisible by 4 and not 0. */
  private static final String FOURTH = "(0[48]|[2468][048]|[13579][26])";

  private static final String LEAP_YEAR = "([0-9]{2}" + FOURTH + "|" + FOURTH + "00)";

  private static final String DAY_OF_ANY_YEAR =
      "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";

  private static final String DATE = "(" + YEAR + "-" + DAY_OF_ANY_YEAR + "|" + LEAP_YEAR + "-02-29)";

  private static final String HOURS_AND_MINUTES = "([01][0-9]|2[0-3]):[0-5][0-9]";

  private static final String TIME =
      HOURS_AND_MINUTES + ":[0-5][0-9]([.][0-9]{3})?(Z|[+\\x2D]" + HOURS_AND_MINUTES + ")";

  private static final String HEX = "[0-9a-fA-F]";

  private static final String UUID = HEX + "{8}-" + HEX + "{4}-" + HEX + "{4}-" + HEX + "{4}-" + HEX + "{12}";

  private static final Map<String, StringFormat> KNOWN =
      Map.of(
          "date",
          new StringFormat(whole(DATE), 10, 10),
          "time",
          new StringFormat(whole(TIME), 9, 18),
          "date-time",
          new StringFormat(whole(DATE + "T" + TIME), 20, 29),
          "uuid",
          new StringFormat(whole(UUID), 36, 36));

  private static String whole(String pattern) {
    return "^" + pattern + "$";
  }

  /** The format of this name; null if it only annotates. */
  static @Nullable StringFormat find(String name) {
    return KNOWN.get(name);
  }

  /** Whether all of its strings have a length within these bounds; null is none. */
  boolean fits(@Nullable Integer minLength, @Nullable Integer maxLength) {
    return (minLength == null || minLength <= least) && (maxLength == null || maxLength >= most);
  }
}
