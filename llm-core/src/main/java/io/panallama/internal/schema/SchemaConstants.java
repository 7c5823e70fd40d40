package io.panallama.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Keeps the numbers of {@code const} and {@code enum} as the schema has them. llama.cpp reads every number that is not an integer of 64
 * bits as a double and writes what that holds, so constants with other numbers become rules of their own.
 */
final class SchemaConstants {
  private SchemaConstants() {}

  /** Rewrites a schema in place that {@link SchemaCheck} has rewritten, with all schemas in it. */
  static void keepLiterals(JsonNode schema) {
    if (!(schema instanceof ObjectNode object)) {
      return;
    }
    if (object.has("const")) {
      object.set("const", kept(object.get("const"), object));
    }
    if (object.get("enum") instanceof ArrayNode values) {
      for (int i = 0; i < values.size(); i++) {
        values.set(i, kept(values.get(i), object));
      }
    }
    for (String one : List.of("items", "additionalProperties")) {
      keepLiterals(object.path(one));
    }
    for (String several : List.of("properties", "$defs", "prefixItems", "anyOf", "oneOf", "allOf")) {
      object.path(several).forEach(SchemaConstants::keepLiterals);
    }
  }

  private static JsonNode kept(JsonNode value, ObjectNode parent) {
    if (survives(value) || value.has(SchemaNumbers.RULE)) {
      return value;
    }
    String literal = value.toString().replace("\\", "\\\\").replace("\"", "\\\"");
    return parent.objectNode().put(SchemaNumbers.RULE, "\"" + literal + "\"");
  }

  private static boolean survives(JsonNode value) {
    if (value.isNumber()) {
      return value.isIntegralNumber() && value.canConvertToLong();
    }
    for (JsonNode part : value) {
      if (!survives(part)) {
        return false;
      }
    }
    return true;
  }
}
