package io.panallama.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Tells whether schemas can have values in common, as far as that is easy to decide. */
public final class SchemaOverlap {
  private static final int MAX_HOPS = 16;

  private SchemaOverlap() {}

  /** Whether no value is valid under two of the schemas. False if that can't be decided. */
  public static boolean areApart(JsonNode schemas, ObjectNode root) {
    for (int i = 0; i < schemas.size(); i++) {
      for (int j = i + 1; j < schemas.size(); j++) {
        if (!areApart(resolve(schemas.get(i), root), resolve(schemas.get(j), root), root)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean areApart(JsonNode one, JsonNode two, ObjectNode root) {
    Set<JsonNode> valuesOfOne = values(one);
    Set<JsonNode> valuesOfTwo = values(two);
    if (!valuesOfOne.isEmpty() && !valuesOfTwo.isEmpty()) {
      return valuesOfOne.stream().noneMatch(valuesOfTwo::contains);
    }
    String typeOfOne = one.path("type").asText("");
    String typeOfTwo = two.path("type").asText("");
    if (typeOfOne.isEmpty() || typeOfTwo.isEmpty()) {
      return false;
    }
    if (!typeOfOne.equals(typeOfTwo)) {
      return !(isNumeric(typeOfOne) && isNumeric(typeOfTwo));
    }
    // Two kinds of objects are apart if both require a property whose values distinguish them.
    for (Map.Entry<String, JsonNode> property : one.path("properties").properties()) {
      JsonNode other = two.path("properties").get(property.getKey());
      boolean both = isRequired(one, property.getKey()) && isRequired(two, property.getKey());
      if (both && other != null && areApart(resolve(property.getValue(), root), resolve(other, root), root)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isNumeric(String type) {
    return type.equals("integer") || type.equals("number");
  }

  private static boolean isRequired(JsonNode object, String name) {
    for (JsonNode required : object.path("required")) {
      if (required.asText().equals(name)) {
        return true;
      }
    }
    return false;
  }

  private static Set<JsonNode> values(JsonNode schema) {
    Set<JsonNode> values = new HashSet<>();
    if (schema.has("const")) {
      values.add(comparable(schema.get("const")));
    } else {
      schema.path("enum").forEach(value -> values.add(comparable(value)));
    }
    return values;
  }

  /** The value with its numbers in one form: 1, 1.0 and 1e0 are the same. */
  private static JsonNode comparable(JsonNode value) {
    if (value.isNumber()) {
      return DecimalNode.valueOf(value.decimalValue().stripTrailingZeros());
    }
    if (value instanceof ArrayNode array) {
      ArrayNode same = array.arrayNode();
      array.forEach(element -> same.add(comparable(element)));
      return same;
    }
    if (value instanceof ObjectNode object) {
      ObjectNode same = object.objectNode();
      object.properties().forEach(entry -> same.set(entry.getKey(), comparable(entry.getValue())));
      return same;
    }
    return value;
  }

  /**
   * The schema that a reference points to; the schema itself if it is not a reference, an empty one if the target does
   * not exist.
   */
  public static JsonNode resolve(JsonNode schema, ObjectNode root) {
    JsonNode target = schema;
    for (int hop = 0; target.has("$ref"); hop++) {
      String reference = target.get("$ref").asText();
      JsonNode next = hop == MAX_HOPS ? null : SchemaReferences.resolve(reference, root);
      if (next == null) {
        return root.objectNode();
      }
      target = next;
    }
    return target;
  }

  public static boolean isOfType(JsonNode value, String type) {
    return switch (type) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "integer" -> value.isNumber() && value.canConvertToExactIntegral();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      case "null" -> value.isNull();
      default -> false;
    };
  }
}
