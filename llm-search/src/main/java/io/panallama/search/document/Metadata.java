package io.panallama.search.document;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The values that describe a document and that filters compare.
 *
 * <p>A value is a {@link String}, a {@link Boolean}, a number or a list of strings. Whole numbers come back as {@link Long} and
 * others as {@link Double}. Filters compare all numbers as doubles, so whole numbers beyond 2^53 are refused: they belong
 * into a text.
 */
public final class Metadata {
  /** The most values of a document. */
  public static final int MAX_VALUES = 64;

  /** The most characters of a name. */
  public static final int MAX_NAME = 256;

  /** The most characters of a text. */
  public static final int MAX_STRING = 8_192;

  /** The most entries of a list. */
  public static final int MAX_LIST = 256;

  private static final long EXACT = 1L << 53;

  private Metadata() {}

  /** A sorted copy with every value in its form; throws if one can't be stored. */
  static Map<String, Object> checked(String document, Map<String, Object> metadata) {
    if (metadata.size() > MAX_VALUES) {
      throw refused(document, "has " + metadata.size() + " values; at most " + MAX_VALUES + " are allowed.");
    }
    Map<String, Object> copy = new TreeMap<>();
    metadata.forEach((name, value) -> {
      if (name.isBlank() || name.length() > MAX_NAME) {
        throw refused(
            document,
            "has a name of " + name.length() + " characters; it must have 1 to " + MAX_NAME + " and not be blank.");
      }
      copy.put(name, canonical(document, name, value));
    });
    return Collections.unmodifiableMap(copy);
  }

  private static Object canonical(String document, String name, Object value) {
    return switch (value) {
      case String text -> requireShort(document, name, text);
      case Boolean flag -> flag;
      case Byte number -> number.longValue();
      case Short number -> number.longValue();
      case Integer number -> number.longValue();
      case Long number -> {
        if (number > EXACT || number < -EXACT) {
          throw refused(document, "'" + name + "' is " + number + ", beyond 2^53; give numbers of that size as texts.");
        }
        yield number;
      }
      case Float number -> finite(document, name, number.doubleValue());
      case Double number -> finite(document, name, number);
      case List<?> list -> list(document, name, list);
      default ->
          throw refused(
              document,
              "'"
                  + name
                  + "' is a "
                  + value.getClass().getSimpleName()
                  + "; values are texts, numbers, booleans and lists of texts.");
    };
  }

  private static List<String> list(String document, String name, List<?> list) {
    if (list.isEmpty() || list.size() > MAX_LIST) {
      throw refused(document, "'" + name + "' has " + list.size() + " entries; 1 to " + MAX_LIST + " are allowed.");
    }
    return list.stream()
        .map(entry -> {
          if (entry instanceof String text) {
            return requireShort(document, name, text);
          }
          throw refused(document, "'" + name + "' is a list with an entry that is no text.");
        })
        .toList();
  }

  private static double finite(String document, String name, double number) {
    if (!Double.isFinite(number)) {
      throw refused(document, "'" + name + "' is " + number + "; it must be a finite number.");
    }
    return number;
  }

  private static String requireShort(String document, String name, String text) {
    if (text.length() > MAX_STRING) {
      throw refused(
          document, "'" + name + "' has " + text.length() + " characters; at most " + MAX_STRING + " are allowed.");
    }
    return text;
  }

  private static SearchException refused(String document, String what) {
    return new SearchException(Reason.INVALID_DOCUMENT, "The metadata of document " + document + " " + what);
  }
}
