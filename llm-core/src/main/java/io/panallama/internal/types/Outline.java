package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/**
 * A schema in a form for the model to read: the JSON with a placeholder for each value, such as {@code {"name": <text>, "count": <whole number, 1 to 99>}}.
 *
 * <p>Only the grammar needs the rest of a schema. A small model copies what it sees: given a schema with the bounds of {@code int}, the demo model answered 2147483647 in 10 of 20 cases, and in 9 others did not finish.
 */
public final class Outline {
  /** The bounds of Java's types, which say nothing about the value. */
  private static final Set<Long> NATURAL_BOUNDS =
      Set.of(
          (long) Byte.MIN_VALUE,
          (long) Byte.MAX_VALUE,
          (long) Short.MIN_VALUE,
          (long) Short.MAX_VALUE,
          (long) Integer.MIN_VALUE,
          (long) Integer.MAX_VALUE,
          -(1L << 53),
          1L << 53);

  private static final Map<String, String> FORMATS =
      Map.of(
          "date", "date, YYYY-MM-DD",
          "date-time", "date and time, YYYY-MM-DDThh:mm:ssZ",
          "uuid", "UUID");

  private static final Map<String, String> PATTERNS =
      Map.of(
          Scalars.TIME_PATTERN, "time, hh:mm:ss",
          Scalars.DATE_TIME_PATTERN, "date and time, YYYY-MM-DDThh:mm:ss");

  private Outline() {}

  /** The outline of a schema from {@link Definitions}, followed by a line for each definition. */
  public static String of(ObjectNode schema) {
    StringBuilder text = new StringBuilder(value(schema));
    for (Map.Entry<String, JsonNode> definition : schema.path("$defs").properties()) {
      text.append('\n').append(definition.getKey()).append(": ").append(value(definition.getValue()));
    }
    return text.toString();
  }

  private static String value(JsonNode schema) {
    String description = schema.path("description").asText("");
    if (schema.has("$ref")) {
      String name = schema.path("$ref").asText();
      return holder(name.substring(name.lastIndexOf('/') + 1), description);
    }
    String type = schema.path("type").asText("");
    return switch (type) {
      case "integer" -> holder("whole number" + range(schema), description);
      case "number" -> holder("number", description);
      case "string" ->
          schema.has("enum") ? remarked(constants(schema), description) : holder(text(schema), description);
      case "boolean" -> remarked("true | false", description);
      case "array" -> remarked("[" + value(schema.path("items")) + ", ..." + count(schema) + "]", description);
      case "object" -> remarked(object(schema), description);
      default -> remarked(schema.has("const") ? schema.get("const").toString() : alternatives(schema), description);
    };
  }

  private static String holder(String what, String description) {
    return "<" + what + (description.isEmpty() ? "" : ": " + description) + ">";
  }

  private static String remarked(String what, String description) {
    return what + (description.isEmpty() ? "" : " (" + description + ")");
  }

  private static String object(JsonNode schema) {
    if (schema.path("additionalProperties").isObject()) {
      return "{<text>: " + value(schema.get("additionalProperties")) + ", ...}";
    }
    List<String> required = new ArrayList<>();
    schema.path("required").forEach(name -> required.add(name.asText()));
    StringJoiner all = new StringJoiner(", ", "{", "}");
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      String optional = required.contains(property.getKey()) ? "" : " (may be left out)";
      all.add(Json.NODES.textNode(property.getKey()) + optional + ": " + value(property.getValue()));
    }
    return all.toString();
  }

  private static String alternatives(JsonNode schema) {
    StringJoiner all = new StringJoiner(" | ");
    schema.path("anyOf").forEach(one -> all.add(value(one)));
    return all.toString();
  }

  private static String constants(JsonNode schema) {
    StringJoiner all = new StringJoiner(" | ");
    schema.path("enum").forEach(one -> all.add(one.toString()));
    return all.toString();
  }

  private static String text(JsonNode schema) {
    String format = FORMATS.get(schema.path("format").asText(""));
    if (format != null) {
      return format;
    }
    String pattern = schema.path("pattern").asText("");
    if (pattern.isEmpty()) {
      return "text" + (schema.has("maxLength") ? limits(schema, "minLength", "maxLength", " characters") : "");
    }
    String known = PATTERNS.get(pattern);
    return known == null ? "text like " + pattern.substring(2, pattern.length() - 2) : known;
  }

  private static String count(JsonNode schema) {
    return schema.has("maxItems") ? " " + limits(schema, "minItems", "maxItems", "").substring(2) : "";
  }

  private static String range(JsonNode schema) {
    return limits(schema, "minimum", "maximum", "");
  }

  /** The bounds set by an annotation; empty if there are none. */
  private static String limits(JsonNode schema, String least, String most, String unit) {
    long min = schema.path(least).asLong(Long.MIN_VALUE);
    long max = schema.path(most).asLong(Long.MAX_VALUE);
    boolean hasMin = min != Long.MIN_VALUE && !NATURAL_BOUNDS.contains(min);
    boolean hasMax = max != Long.MAX_VALUE && !NATURAL_BOUNDS.contains(max);
    if (hasMin && hasMax) {
      return ", " + min + " to " + max + unit;
    }
    return hasMin ? ", " + min + " or more" + unit : hasMax ? ", " + max + " or less" + unit : "";
  }
}
