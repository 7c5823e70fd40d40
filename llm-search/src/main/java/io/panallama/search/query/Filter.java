package io.panallama.search.query;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.util.Arrays;
import java.util.List;

/**
 * Which documents a search considers, by their metadata. A document without the named value matches no comparison, and so
 * matches {@link Not} of it. A list matches if one of its entries does.
 */
public sealed interface Filter {
  /** How deep filters may be nested. */
  int MAX_DEPTH = 32;

  /** The most filters or values of one filter. */
  int MAX_PARTS = 1_000;

  /** A value that equals the given one: a text, a number or a boolean. */
  static Filter equal(String name, Object value) {
    return new In(name, List.of(value));
  }

  /** A value that equals one of the given ones. */
  static Filter in(String name, Object... values) {
    return new In(name, List.of(values));
  }

  /** A number from {@code low} to {@code high}, both included. */
  static Filter range(String name, double low, double high) {
    return new Range(name, low, high);
  }

  /** A number of {@code low} or more. */
  static Filter atLeast(String name, double low) {
    return new Range(name, low, Double.POSITIVE_INFINITY);
  }

  /** A number of {@code high} or less. */
  static Filter atMost(String name, double high) {
    return new Range(name, Double.NEGATIVE_INFINITY, high);
  }

  /** A text before or after another one, by code points, as for dates in the form {@code 2026-11-30}. */
  static Filter compare(String name, Order order, String text) {
    return new Compared(name, order, text);
  }

  /** The documents with these ids. */
  static Filter documents(List<String> ids) {
    return new Documents(ids);
  }

  /** What all filters match. */
  static Filter all(Filter... filters) {
    return new All(List.of(filters));
  }

  /** What one of the filters matches. */
  static Filter any(Filter... filters) {
    return new Any(List.of(filters));
  }

  /** What the filter does not match. */
  static Filter not(Filter filter) {
    return new Not(filter);
  }

  /** How deep it is nested; 1 for a comparison. */
  int depth();

  /**
   * A value that equals one of several.
   *
   * @param name name of the value
   * @param values texts, numbers and booleans
   */
  record In(String name, List<Object> values) implements Filter {
    /**
     * Validates the filter.
     *
     * @throws SearchException with {@link Reason#INVALID_QUERY} if there is no value, too many, or one of another type
     */
    public In {
      values = List.copyOf(values);
      requireParts(values.size(), "values");
      for (Object value : values) {
        boolean number = value instanceof Number n && Double.isFinite(n.doubleValue());
        if (!number && !(value instanceof String) && !(value instanceof Boolean)) {
          throw new SearchException(
              Reason.INVALID_QUERY,
              "The filter on '"
                  + name
                  + "' has the value "
                  + value
                  + "; it must be a text, a finite number or a boolean.");
        }
      }
    }

    @Override
    public int depth() {
      return 1;
    }
  }

  /**
   * A number in a range.
   *
   * @param name name of the value
   * @param low lowest number that matches
   * @param high highest number that matches
   */
  record Range(String name, double low, double high) implements Filter {
    /**
     * Validates the filter.
     *
     * @throws SearchException with {@link Reason#INVALID_QUERY} if a bound is NaN, or no number is in the range
     */
    public Range {
      if (!(low <= high)) {
        throw new SearchException(
            Reason.INVALID_QUERY, "The filter on '" + name + "' asks for numbers from " + low + " to " + high + ".");
      }
    }

    @Override
    public int depth() {
      return 1;
    }
  }

  /** Where a text is, compared with another one. */
  enum Order {
    /** Before it. */
    BELOW,
    /** Before it, or equal. */
    AT_MOST,
    /** After it, or equal. */
    AT_LEAST,
    /** After it. */
    ABOVE;

    /**
     * Whether {@code text} is there, compared with {@code other}: code point by code point, and the beginning of a text is
     * before it.
     */
    public boolean matches(String text, String other) {
      int order = Arrays.compare(text.codePoints().toArray(), other.codePoints().toArray());
      return switch (this) {
        case BELOW -> order < 0;
        case AT_MOST -> order <= 0;
        case AT_LEAST -> order >= 0;
        case ABOVE -> order > 0;
      };
    }
  }

  /**
   * A text that is before or after another one. Numbers and booleans don't match.
   *
   * @param name name of the value
   * @param order where the value is
   * @param text what it is compared with
   */
  record Compared(String name, Order order, String text) implements Filter {
    @Override
    public int depth() {
      return 1;
    }
  }

  /**
   * Some documents.
   *
   * @param ids their ids
   */
  record Documents(List<String> ids) implements Filter {
    /** Validates the filter; see {@link In}. */
    public Documents {
      ids = List.copyOf(ids);
      requireParts(ids.size(), "ids");
    }

    @Override
    public int depth() {
      return 1;
    }
  }

  /**
   * All of several filters.
   *
   * @param filters at least one
   */
  record All(List<Filter> filters) implements Filter {
    /** Validates the filter; see {@link In}. */
    public All {
      filters = List.copyOf(filters);
      requireParts(filters.size(), "filters");
      requireDepth(deepest(filters));
    }

    @Override
    public int depth() {
      return deepest(filters);
    }
  }

  /**
   * One of several filters.
   *
   * @param filters at least one
   */
  record Any(List<Filter> filters) implements Filter {
    /** Validates the filter; see {@link In}. */
    public Any {
      filters = List.copyOf(filters);
      requireParts(filters.size(), "filters");
      requireDepth(deepest(filters));
    }

    @Override
    public int depth() {
      return deepest(filters);
    }
  }

  /**
   * The opposite of a filter.
   *
   * @param filter what must not match
   */
  record Not(Filter filter) implements Filter {
    /** Validates the filter; see {@link In}. */
    public Not {
      requireDepth(filter.depth() + 1);
    }

    @Override
    public int depth() {
      return filter.depth() + 1;
    }
  }

  private static int deepest(List<Filter> filters) {
    return 1 + filters.stream().mapToInt(Filter::depth).max().orElse(0);
  }

  private static void requireParts(int parts, String what) {
    if (parts < 1 || parts > MAX_PARTS) {
      throw new SearchException(
          Reason.INVALID_QUERY, "A filter has " + parts + " " + what + "; 1 to " + MAX_PARTS + " are allowed.");
    }
  }

  private static void requireDepth(int depth) {
    if (depth > MAX_DEPTH) {
      throw new SearchException(
          Reason.INVALID_QUERY, "Filters are nested " + depth + " deep; at most " + MAX_DEPTH + " are allowed.");
    }
  }
}
