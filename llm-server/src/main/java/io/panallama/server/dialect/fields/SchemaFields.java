package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.Tool;
import io.panallama.error.InvalidRequestException;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Ignored;
import io.panallama.typed.SchemaCoverage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON schemas and the tools that have them, for every dialect. What a grammar can't enforce of a schema that is not
 * strict is named as ignored; the core refuses a strict one.
 */
public final class SchemaFields {
  /** The keywords whose values are lists, so that a number behind them is an index. */
  private static final Set<String> LISTS = Set.of("allOf", "anyOf", "oneOf", "prefixItems", "items");

  /** JSON Schema, 6.1.1. */
  private static final List<String> TYPES =
      List.of("object", "array", "string", "number", "integer", "boolean", "null");

  private SchemaFields() {}

  /**
   * A format's schema as the core takes it. What it keeps of one that is not strict may be little, but not nothing: without a type
   * that is one, the answer could be anything.
   *
   * @param path the schema's path from the body's root, in the client's names
   * @param strict whether the core is to refuse what can't be enforced
   * @throws ApiException if it is not a schema
   */
  public static String schema(JsonNode schema, String path, boolean strict, Ignored ignored) {
    JsonNode type = schema.path("type");
    if (!type.isMissingNode() && !type.isNull() && !isType(type)) {
      String found =
          type.isTextual()
              ? "\"" + JsonFields.shorten(type.asText()) + "\""
              : !type.isArray() ? JsonFields.kind(type) : type.isEmpty() ? "an empty list" : "a list with none of them";
      String place = path + ".type";
      throw ApiException.invalid(
          place,
          place + " must be one of " + String.join(", ", TYPES) + ", or a list of them, but it is " + found + ".");
    }
    return schema(schema, path, strict, ignored, SchemaCoverage::unenforced);
  }

  private static boolean isType(JsonNode type) {
    if (!type.isArray()) {
      return type.isTextual() && TYPES.contains(type.asText());
    }
    for (JsonNode one : type) {
      if (TYPES.contains(one.asText())) {
        return true;
      }
    }
    return false;
  }

  private static String schema(JsonNode schema, String path, boolean strict, Ignored ignored, Coverage coverage) {
    if (schema.isBoolean() && schema.booleanValue()) {
      return "{}";
    }
    if (!schema.isObject()) {
      throw JsonFields.wrongType(path, schema, "a JSON schema");
    }
    String text = schema.toString();
    if (!strict) {
      for (SchemaCoverage.Unenforced part : unenforced(text, path, coverage)) {
        String place = path + suffix(part.place());
        ignored.unsupported(place, place + ": " + part.reason() + ".");
      }
    }
    return text;
  }

  /** Finds what a grammar can't enforce of a schema. */
  private interface Coverage {
    List<SchemaCoverage.Unenforced> unenforced(String parameter, String schema);
  }

  private static List<SchemaCoverage.Unenforced> unenforced(String schema, String path, Coverage coverage) {
    try {
      return coverage.unenforced(path, schema);
    } catch (InvalidRequestException fault) {
      throw ApiException.invalid(path, fault.message(name -> name));
    }
  }

  /** {@code #/properties/a/anyOf/0} as {@code .properties.a.anyOf[0]}. */
  private static String suffix(String place) {
    StringBuilder path = new StringBuilder();
    String before = "";
    for (String step : place.substring(1).split("/")) {
      if (!step.isEmpty()) {
        boolean index = LISTS.contains(before) && step.chars().allMatch(Character::isDigit);
        path.append(index ? "[" + step + "]" : "." + step);
      }
      before = step;
    }
    return path.toString();
  }

  /**
   * A tool.
   *
   * @param path of the field with the name, for the error
   * @param parameters a schema; null, {@code {}} and {@code true} for a tool without arguments
   * @throws ApiException if the name or the schema is none
   */
  public static Tool tool(
      String name,
      String path,
      @Nullable String description,
      @Nullable JsonNode parameters,
      String parametersPath,
      boolean strict,
      Ignored ignored) {
    String schema =
        parameters == null
            ? "{}"
            : schema(parameters, parametersPath, strict, ignored, SchemaCoverage::unenforcedArguments);
    try {
      return new Tool(
          name, description == null ? "" : description, schema.equals("{}") ? Tool.NO_PARAMETERS : schema, strict);
    } catch (InvalidRequestException fault) {
      throw ApiException.invalid(
          path,
          path
              + " is not a name for a tool: it must have 1 to "
              + Tool.MAX_NAME
              + " letters, digits or characters of _-./:, but it is \""
              + JsonFields.shorten(name)
              + "\".");
    }
  }

  /**
   * Checks that no two tools have the same name.
   *
   * @param tools by their indexes in the body, in order
   * @param path the path of a name, with {@code %d} for the index of its tool
   * @throws ApiException that names the second one
   */
  public static void requireDistinct(Map<Integer, Tool> tools, String path) {
    Map<String, Integer> first = new HashMap<>();
    for (Map.Entry<Integer, Tool> tool : tools.entrySet()) {
      String name = tool.getValue().name();
      Integer earlier = first.putIfAbsent(name, tool.getKey());
      if (earlier != null) {
        String place = path.formatted(tool.getKey());
        throw ApiException.invalid(
            place,
            place
                + " is \""
                + name
                + "\", which is the name of another tool, "
                + path.formatted(earlier)
                + "; give each tool a name of its own.");
      }
    }
  }
}
