package io.panallama.cli;

import io.panallama.load.Durations;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * When something ends: after a length of time, at a point in time, or never.
 *
 * @param after how long it lasts; null if it ends at a point in time or never
 * @param at when it ends; null if it lasts for a time or for ever
 */
record Expiry(@Nullable Duration after, @Nullable Instant at) {
  static final Expiry NEVER = new Expiry(null, null);

  private static final Pattern DAYS = Pattern.compile("(\\d{1,5})d");

  /** The end of what begins at {@code now}; empty if there is none. */
  Optional<Instant> from(Instant now) {
    return after == null ? Optional.ofNullable(at) : Optional.of(now.plus(after));
  }

  /**
   * A length of time, of which days are one unit.
   *
   * @throws IllegalArgumentException if it is none
   */
  static Duration duration(String text) {
    Matcher days = DAYS.matcher(text.strip());
    return days.matches() ? Duration.ofDays(Long.parseLong(days.group(1))) : Durations.parse(text);
  }

  /** Reads what an option says. */
  static final class Converter implements ITypeConverter<Expiry> {
    @Override
    public Expiry convert(String value) {
      String text = value.strip();
      if (text.equals("never")) {
        return NEVER;
      }
      Expiry read = read(text);
      if (read.from(Instant.now()).filter(Instant.now()::isBefore).isEmpty()) {
        throw new TypeConversionException("'" + value + "' is over already");
      }
      return read;
    }

    private static Expiry read(String text) {
      try {
        return new Expiry(duration(text), null);
      } catch (IllegalArgumentException noLength) {
        try {
          Instant end =
              text.contains("T")
                  ? Instant.parse(text)
                  : LocalDate.parse(text).plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
          return new Expiry(null, end);
        } catch (DateTimeParseException noTime) {
          throw new TypeConversionException(
              "'"
                  + text
                  + "' is none of a length of time (90d, 12h, 30m), a day (2027-12-31), a time"
                  + " (2027-12-31T12:00:00Z), or never");
        }
      }
    }
  }
}
