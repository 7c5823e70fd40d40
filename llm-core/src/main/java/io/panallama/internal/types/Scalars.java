package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.typed.annotation.Length;
import io.panallama.typed.annotation.Matches;
import io.panallama.typed.annotation.Range;
import java.lang.reflect.AnnotatedType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** The shapes of texts, numbers, booleans and times. */
final class Scalars {
  /** The maximum number of repetitions in a grammar. */
  static final int MAX_REPETITIONS = 2000;

  private static final String PATTERN = "pattern";

  private static final String DAY_31 = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])";
  private static final String DAY_30 = "(0[469]|11)-(0[1-9]|[12][0-9]|30)";
  private static final String DAY_28 = "02-(0[1-9]|1[0-9]|2[0-8])";
  private static final String LEAP_YEAR =
      "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[048]|[2468][048]|[13579][26])00)";

  /** A date that exists. */
  private static final String DATE =
      "([0-9]{4}-(" + DAY_31 + "|" + DAY_30 + "|" + DAY_28 + ")|" + LEAP_YEAR + "-02-29)";

  private static final String TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?";

  /** The pattern of a local time. */
  static final String TIME_PATTERN = whole(TIME);

  /** The pattern of a local date with a time. */
  static final String DATE_TIME_PATTERN = whole(DATE + "T" + TIME);

  /** Offsets end at 18 hours; the grammar allows those below 18 hours, which is enough. */
  private static final String OFFSET = "(Z|[+-](0[0-9]|1[0-7]):[0-5][0-9])";

  private static final Map<Class<?>, Long> SMALLEST =
      Map.of(
          byte.class, (long) Byte.MIN_VALUE, short.class, (long) Short.MIN_VALUE, int.class, (long) Integer.MIN_VALUE);

  private static final Map<Class<?>, Class<?>> PRIMITIVES =
      Map.of(
          Byte.class,
          byte.class,
          Short.class,
          short.class,
          Integer.class,
          int.class,
          Long.class,
          long.class,
          Double.class,
          double.class,
          Boolean.class,
          boolean.class);

  private Scalars() {}

  /** Whether the values of a type are whole numbers. */
  static boolean isWhole(Class<?> boxed) {
    Class<?> type = PRIMITIVES.getOrDefault(boxed, boxed);
    return SMALLEST.containsKey(type) || type == long.class || type == BigInteger.class;
  }

  /** The shape of a scalar type; null for any other type. */
  static @Nullable Shape of(Class<?> boxed, AnnotatedType use, Place place) {
    Class<?> type = PRIMITIVES.getOrDefault(boxed, boxed);
    if (isWhole(type)) {
      return whole(type, use.getAnnotation(Range.class), place);
    }
    if (type == String.class) {
      return text(use.getAnnotation(Length.class), use.getAnnotation(Matches.class), place);
    }
    if (type == double.class) {
      return new ScalarShape(
          "a number",
          typed("number"),
          json -> json.isNumber() ? finite(json.doubleValue()) : null,
          value -> Json.NODES.numberNode((Double) value),
          false);
    }
    if (type == BigDecimal.class) {
      return new ScalarShape(
          "a number",
          typed("number"),
          json -> json.isNumber() ? json.decimalValue() : null,
          value -> Json.NODES.numberNode((BigDecimal) value),
          false);
    }
    if (type == boolean.class) {
      return new ScalarShape(
          "true or false",
          typed("boolean"),
          json -> json.isBoolean() ? json.booleanValue() : null,
          value -> Json.NODES.booleanNode((Boolean) value),
          false);
    }
    return time(type);
  }

  private static @Nullable Object finite(double value) {
    return Double.isFinite(value) ? value : null;
  }

  private static ObjectNode typed(String type) {
    return Json.NODES.objectNode().put("type", type);
  }

  private static Shape whole(Class<?> type, @Nullable Range range, Place place) {
    Long smallest = SMALLEST.get(type);
    ObjectNode schema = typed("integer");
    if (range == null && smallest == null) {
      // Grammars stop after 16 digits, which fit into a long.
      return whole("a whole number", type, schema, json -> type == BigInteger.class || json.canConvertToLong());
    }
    long min = smallest == null ? -Range.LARGEST : smallest;
    long max = smallest == null ? Range.LARGEST : -(smallest + 1);
    if (range != null) {
      if (range.min() > range.max() || range.min() < -Range.LARGEST || range.max() > Range.LARGEST) {
        throw place.unsupported("has a @Range whose bounds are not in order or not within 2^53.");
      }
      min = Math.max(min, range.min());
      max = Math.min(max, range.max());
      if (min > max) {
        throw place.unsupported("has a @Range without a value of its type.");
      }
    }
    schema.put("minimum", min).put("maximum", max);
    long least = min;
    long most = max;
    return whole(
        "a whole number from " + min + " to " + max,
        type,
        schema,
        json -> json.canConvertToLong() && json.longValue() >= least && json.longValue() <= most);
  }

  private static Shape whole(String what, Class<?> type, ObjectNode schema, Predicate<JsonNode> inRange) {
    return new ScalarShape(
        what,
        schema,
        json -> json.isIntegralNumber() && inRange.test(json) ? wholeValue(type, json) : null,
        value -> Json.NODES.numberNode(new BigInteger(value.toString())),
        false);
  }

  private static Object wholeValue(Class<?> type, JsonNode json) {
    if (type == byte.class) {
      return (byte) json.intValue();
    }
    if (type == short.class) {
      return (short) json.intValue();
    }
    if (type == int.class) {
      return json.intValue();
    }
    return type == long.class ? (Object) json.longValue() : json.bigIntegerValue();
  }

  private static Shape text(@Nullable Length length, @Nullable Matches matches, Place place) {
    ObjectNode schema = typed("string");
    if (length != null && matches != null) {
      throw place.unsupported("has @Length and @Matches; no grammar can hold both.");
    }
    if (length != null) {
      requireCounts(length.min(), length.max(), "@Length", place);
      schema.put("minLength", length.min()).put("maxLength", length.max());
    }
    if (matches != null) {
      schema.put("pattern", "^(" + matches.value() + ")$");
    }
    Pattern pattern = matches == null ? null : compiled(matches.value(), place);
    Predicate<String> allowed =
        text -> {
          int characters = text.codePointCount(0, text.length());
          return (length == null || characters >= length.min() && characters <= length.max())
              && (pattern == null || pattern.matcher(text).matches());
        };
    return new ScalarShape(
        "a string" + (schema.size() > 1 ? " as " + schema + " has it" : ""),
        schema,
        json -> json.isTextual() && allowed.test(json.textValue()) ? json.textValue() : null,
        value -> Json.NODES.textNode((String) value),
        matches == null);
  }

  private static Pattern compiled(String regex, Place place) {
    try {
      return Pattern.compile(regex);
    } catch (PatternSyntaxException malformed) {
      throw place.unsupported(
          "has a @Matches that is no regular expression: " + malformed.getDescription() + ".", malformed);
    }
  }

  static void requireCounts(int min, int max, String annotation, Place place) {
    if (min < 0 || max > MAX_REPETITIONS || min > max) {
      throw place.unsupported(
          "has "
              + annotation
              + "(min = "
              + min
              + ", max = "
              + max
              + "); they must be in order and within 0 to "
              + MAX_REPETITIONS
              + ".");
    }
  }

  private static @Nullable Shape time(Class<?> type) {
    if (type == LocalDate.class) {
      return text("a date", "format", "date", LocalDate::parse);
    } else if (type == LocalTime.class) {
      return text("a time", PATTERN, TIME_PATTERN, LocalTime::parse);
    } else if (type == LocalDateTime.class) {
      return text("a date with a time", PATTERN, DATE_TIME_PATTERN, LocalDateTime::parse);
    } else if (type == OffsetDateTime.class) {
      // A format of JSON Schema allows larger offsets than Java does.
      return text(
          "a date with a time and an offset", PATTERN, whole(DATE + "T" + TIME + OFFSET), OffsetDateTime::parse);
    } else if (type == Instant.class) {
      return text("a date with a time that ends with Z", PATTERN, whole(DATE + "T" + TIME + "Z"), Instant::parse);
    } else if (type == UUID.class) {
      return text("a UUID", "format", "uuid", UUID::fromString);
    }
    return null;
  }

  private static String whole(String pattern) {
    return "^" + pattern + "$";
  }

  /**
   * @param keyword what bounds the text in a schema, with its value
   */
  private static Shape text(String what, String keyword, String value, Function<String, Object> parser) {
    ObjectNode schema = typed("string").put(keyword, value);
    Function<JsonNode, @Nullable Object> reader =
        json -> {
          try {
            return json.isTextual() ? parser.apply(json.textValue()) : null;
          } catch (DateTimeException | IllegalArgumentException malformed) {
            return null;
          }
        };
    return new ScalarShape(what, schema, reader, time -> Json.NODES.textNode(time.toString()), false);
  }
}
