package io.panallama.load.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whole numbers in llama-bench's notation: {@code 1,2,8}, {@code 1-4}, {@code 0-2048+512}, {@code 1-32*2}. */
public final class IntegerRange {
  private static final Pattern PART = Pattern.compile("(\\d{1,9})(?:-(\\d{1,9})(?:([+*])(\\d{1,9}))?)?");

  /** More numbers than this are taken for a mistake. */
  private static final int MOST = 1000;

  private IntegerRange() {}

  /**
   * The numbers that a text stands for, in its order.
   *
   * @throws BenchException if the text has another form or stands for too many numbers
   */
  public static List<Integer> parse(String text) {
    List<Integer> numbers = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      Matcher matcher = PART.matcher(part.strip());
      if (!matcher.matches()) {
        throw new BenchException(
            "'" + text + "' is no list of whole numbers such as 512, 1,2,8, 1-4, 0-2048+512 or 1-32*2");
      }
      long first = Long.parseLong(matcher.group(1));
      long last = matcher.group(2) == null ? first : Long.parseLong(matcher.group(2));
      boolean times = "*".equals(matcher.group(3));
      long step = matcher.group(4) == null ? 1 : Long.parseLong(matcher.group(4));
      if (last < first || (times ? step < 2 || first == 0 : step < 1)) {
        throw new BenchException("'" + part + "' never gets from its first number to its last");
      }
      for (long number = first; number <= last; number = times ? number * step : number + step) {
        numbers.add((int) number);
        if (numbers.size() > MOST) {
          throw new BenchException("'" + text + "' are more than " + MOST + " numbers");
        }
      }
    }
    return numbers;
  }
}
