package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.search.error.SearchException;
import io.panallama.search.query.Filter;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads the filter of a search in files, in OpenAI's form: a comparison, {@code {"type": "eq", "key": ..., "value": ...}}, or
 * {@code
 * and} or {@code or} of several {@code filters}.
 */
public final class AttributeFilters {
  private static final List<String> TYPES = List.of("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "and", "or");

  private AttributeFilters() {}

  /**
   * Reads the field {@code name} of an object.
   *
   * @return empty if it is absent
   * @throws ApiException if it is no filter, or filters are nested deeper than {@link Filter#MAX_DEPTH}
   */
  public static Optional<Filter> read(JsonFields object, String name) {
    JsonFields fields = object.object(name);
    try {
      return fields == null ? Optional.empty() : Optional.of(filter(fields, 1));
    } catch (SearchException refused) {
      throw ApiException.invalid(object.path(name), object.path(name) + ": " + refused.getMessage());
    }
  }

  private static Filter filter(JsonFields fields, int depth) {
    String type = fields.choice("type", TYPES);
    if (type == null) {
      throw missing(fields, "type");
    }
    if (type.equals("and") || type.equals("or")) {
      List<Filter> parts = parts(fields, depth);
      fields.ignoreUnknown();
      return type.equals("and") ? new Filter.All(parts) : new Filter.Any(parts);
    }
    String key = fields.string("key");
    JsonNode value = fields.any("value");
    fields.ignoreUnknown();
    if (key == null) {
      throw missing(fields, "key");
    }
    if (value == null) {
      throw missing(fields, "value");
    }
    String path = fields.path("value");
    return switch (type) {
      case "eq" -> Filter.equal(key, scalar(value, path));
      case "ne" -> Filter.not(Filter.equal(key, scalar(value, path)));
      case "gt", "gte", "lt", "lte" -> order(type, key, value, path);
      case "in" -> new Filter.In(key, scalars(value, path));
      default -> Filter.not(new Filter.In(key, scalars(value, path)));
    };
  }

  private static Filter order(String type, String key, JsonNode value, String path) {
    if (value.isTextual()) {
      Filter.Order order =
          switch (type) {
            case "gt" -> Filter.Order.ABOVE;
            case "gte" -> Filter.Order.AT_LEAST;
            case "lt" -> Filter.Order.BELOW;
            default -> Filter.Order.AT_MOST;
          };
      return Filter.compare(key, order, JsonFields.string(value, path));
    }
    if (!value.isNumber()) {
      throw JsonFields.wrongType(path, value, "a number or a string");
    }
    double number = number(value, path);
    return switch (type) {
      case "gt" -> Filter.atLeast(key, Math.nextUp(number));
      case "gte" -> Filter.atLeast(key, number);
      case "lt" -> Filter.atMost(key, Math.nextDown(number));
      default -> Filter.atMost(key, number);
    };
  }

  private static List<Filter> parts(JsonFields fields, int depth) {
    JsonNode array = fields.any("filters");
    String path = fields.path("filters");
    if (array == null) {
      throw missing(fields, "filters");
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType(path, array, "an array of filters");
    }
    if (depth >= Filter.MAX_DEPTH) {
      throw ApiException.invalid(
          path, path + " is nested too deep; filters may be nested " + Filter.MAX_DEPTH + " deep at most.");
    }
    List<Filter> parts = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      parts.add(filter(fields.element(array, i, path), depth + 1));
    }
    return parts;
  }

  private static List<Object> scalars(JsonNode value, String path) {
    if (!value.isArray()) {
      throw JsonFields.wrongType(path, value, "an array of strings, numbers and booleans");
    }
    List<Object> all = new ArrayList<>();
    for (int i = 0; i < value.size(); i++) {
      all.add(scalar(value.get(i), path + "[" + i + "]"));
    }
    return all;
  }

  private static Object scalar(JsonNode value, String path) {
    if (value.isTextual()) {
      return JsonFields.string(value, path);
    }
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (!value.isNumber()) {
      throw JsonFields.wrongType(path, value, "a string, a number or a boolean");
    }
    return number(value, path);
  }

  private static double number(JsonNode value, String path) {
    if (!value.isNumber()) {
      throw JsonFields.wrongType(path, value, "a number");
    }
    double number = value.doubleValue();
    if (Double.isInfinite(number)) {
      throw JsonFields.outOfRange(value, path, Double.toString(-Double.MAX_VALUE), Double.toString(Double.MAX_VALUE));
    }
    return number;
  }

  private static ApiException missing(JsonFields fields, String name) {
    return ApiException.invalid(
        400, fields.path(name), "missing_required_parameter", fields.path(name) + " is missing.");
  }
}
