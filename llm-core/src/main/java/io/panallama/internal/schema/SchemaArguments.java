package io.panallama.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Restricts a schema to the objects among its values: the arguments of a call are one. Works on schemas that {@link SchemaCheck} has
 * rewritten, in which each has one type, one list of alternatives or a list of values.
 */
final class SchemaArguments {
  /** The maximum number of references and alternatives inside of one another. */
  private static final int MAX_HOPS = 16;

  private final ObjectNode root;

  private SchemaArguments(ObjectNode root) {
    this.root = root;
  }

  /**
   * Removes the alternatives, values and types that are not objects.
   *
   * @return whether an object is left; the schema is as it was if none is
   */
  static boolean restrict(ObjectNode root) {
    ObjectNode objects = new SchemaArguments(root).objects(root, 0);
    if (objects == null) {
      return false;
    }
    if (objects != root) {
      JsonNode definitions = root.get("$defs");
      root.removeAll();
      root.setAll(objects);
      if (definitions != null) {
        root.set("$defs", definitions);
      }
    }
    return true;
  }

  /** The schema itself if it allows objects only, a copy without the others, or null if it allows none. */
  private @Nullable ObjectNode objects(JsonNode node, int hops) {
    if (!(node instanceof ObjectNode schema) || hops > MAX_HOPS) {
      return null;
    }
    if (schema.has("$ref")) {
      JsonNode target = SchemaOverlap.resolve(schema, root);
      // A reference to nothing is left to the converter, which refuses it.
      ObjectNode objects = target.isEmpty() ? schema : objects(target, hops + 1);
      return objects == target ? schema : objects;
    }
    for (String keyword : List.of("anyOf", "oneOf")) {
      if (schema.get(keyword) instanceof ArrayNode alternatives) {
        return list(schema, keyword, alternatives, hops);
      }
    }
    if (schema.has("const")) {
      return schema.get("const").isObject() ? schema : null;
    }
    if (schema.get("enum") instanceof ArrayNode values) {
      return values(schema, values);
    }
    String type = schema.path("type").asText();
    if (type.equals("object") || schema.has("allOf")) {
      return schema;
    }
    return schema.has("type") ? null : schema.deepCopy().put("type", "object");
  }

  private @Nullable ObjectNode list(ObjectNode schema, String keyword, ArrayNode alternatives, int hops) {
    ArrayNode left = schema.arrayNode();
    boolean same = true;
    for (JsonNode alternative : alternatives) {
      ObjectNode objects = objects(alternative, hops + 1);
      same &= objects == alternative;
      if (objects != null) {
        left.add(objects);
      }
    }
    return same ? schema : left.isEmpty() ? null : with(schema, keyword, left);
  }

  private static @Nullable ObjectNode values(ObjectNode schema, ArrayNode values) {
    ArrayNode left = schema.arrayNode();
    values.forEach(value -> {
      if (value.isObject()) {
        left.add(value);
      }
    });
    return left.size() == values.size() ? schema : left.isEmpty() ? null : with(schema, "enum", left);
  }

  private static ObjectNode with(ObjectNode schema, String keyword, ArrayNode list) {
    ObjectNode changed = schema.objectNode().setAll(schema);
    changed.set(keyword, list);
    return changed;
  }
}
