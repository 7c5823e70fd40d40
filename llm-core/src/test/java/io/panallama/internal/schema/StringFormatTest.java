package io.panallama.internal.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StringFormatTest {
  private static Pattern pattern(String format) {
    return Pattern.compile(Objects.requireNonNull(StringFormat.find(format)).pattern());
  }

  private static boolean exists(int year, int month, int day) {
    try {
      return LocalDate.of(year, month, day).getYear() > 0;
    } catch (DateTimeException none) {
      return false;
    }
  }

  /** All 10,000 years with all months and days, and some that no calendar has. */
  @Test
  void datesAreThoseOfTheCalendar() {
    Pattern date = pattern("date");
    for (int year = 0; year <= 9999; year++) {
      for (int month = 0; month <= 13; month++) {
        // Only February's length depends on the year.
        for (int day = year % 97 == 0 || month == 2 ? 0 : 28; day <= 32; day++) {
          String text = "%04d-%02d-%02d".formatted(year, month, day);
          if (date.matcher(text).matches() != exists(year, month, day)) {
            assertThat(date.matcher(text).matches()).as(text).isEqualTo(exists(year, month, day));
          }
        }
      }
    }
  }

  @Test
  void momentsAreThoseOfTheCalendarAndTheClock() {
    Pattern moment = pattern("date-time");
    Random random = new Random(5);
    int right = 0;
    for (int i = 0; i < 200_000; i++) {
      int year = 1 + random.nextInt(9999);
      String zone =
          random.nextInt(3) == 0
              ? "Z"
              : "%s%02d:%02d".formatted(random.nextBoolean() ? "+" : "-", random.nextInt(18), random.nextInt(62));
      String text =
          "%04d-%02d-%02dT%02d:%02d:%02d%s%s"
              .formatted(
                  year,
                  1 + random.nextInt(13),
                  1 + random.nextInt(32),
                  random.nextInt(26),
                  random.nextInt(62),
                  random.nextInt(62),
                  random.nextBoolean() ? "" : ".%03d".formatted(random.nextInt(1000)),
                  zone);
      boolean exists = exists(text);
      right += exists ? 1 : 0;
      if (moment.matcher(text).matches() != exists) {
        assertThat(moment.matcher(text).matches()).as(text).isEqualTo(exists);
      }
    }
    assertThat(right).isGreaterThan(50_000);
  }

  private static boolean exists(String moment) {
    try {
      // Java knows 24:00 as the end of a day; RFC 3339 doesn't.
      return OffsetDateTime.parse(moment) != null && moment.charAt(11) <= '2' && !moment.startsWith("24", 11);
    } catch (DateTimeException none) {
      return false;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"00:00:00Z", "23:59:59.999+23:59", "12:00:00-00:00"})
  void timesHaveAZone(String time) {
    assertThat(pattern("time").matcher(time).matches()).isTrue();
    assertThat(pattern("time").matcher(time.substring(0, 8)).matches()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"24:00:00Z", "23:60:00Z", "23:59:60Z", "23:59:59+24:00", "23:59:59+00:60", "3:00:00Z", "03:00Z"})
  void noClockShowsThese(String time) {
    assertThat(pattern("time").matcher(time).matches()).isFalse();
  }

  @Test
  void theLengthsAreThoseOfTheStrings() {
    for (String format : new String[] {"date", "time", "date-time", "uuid"}) {
      StringFormat known = Objects.requireNonNull(StringFormat.find(format));
      assertThat(known.fits(null, null)).isTrue();
      assertThat(known.fits(known.least(), known.most())).isTrue();
      assertThat(known.fits(known.least() + 1, null)).isFalse();
      assertThat(known.fits(null, known.most() - 1)).isFalse();
    }
    assertThat(StringFormat.find("email")).isNull();
  }
}
