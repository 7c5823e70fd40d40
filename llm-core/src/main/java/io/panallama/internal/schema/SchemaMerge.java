package io.panallama.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Makes one schema of two that a value has to fit both. */
final class SchemaMerge {
  private static final Set<String> LARGEST =
      Set.of("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties");

  private static final Set<String> SMALLEST =
      Set.of("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties");

  private static final int MAX_DEPTH = 64;

  private SchemaMerge() {}

  /**
   * Adds the keywords of one schema to another.
   *
   * @param conflict gets the place below the schema of each keyword that could not be added
   */
  static void into(ObjectNode target, ObjectNode part, Consumer<String> conflict) {
    into(target, part, "", conflict, 0);
  }

  private static void into(ObjectNode target, ObjectNode part, String place, Consumer<String> conflict, int depth) {
    for (Map.Entry<String, JsonNode> entry : part.properties()) {
      String keyword = entry.getKey();
      JsonNode theirs = entry.getValue();
      JsonNode ours = target.get(keyword);
      if (ours == null) {
        target.set(keyword, theirs.deepCopy());
      } else if (!ours.equals(theirs)
          && !SchemaKeywords.isAnnotation(keyword)
          && (depth > MAX_DEPTH || !both(target, keyword, ours, theirs, place + "/" + keyword, conflict, depth))) {
        conflict.accept(place + "/" + keyword);
      }
    }
  }

  private static boolean both(
      ObjectNode target,
      String keyword,
      JsonNode ours,
      JsonNode theirs,
      String place,
      Consumer<String> conflict,
      int depth) {
    if (ours.isNumber() && theirs.isNumber() && (LARGEST.contains(keyword) || SMALLEST.contains(keyword))) {
      boolean ascending = ours.decimalValue().compareTo(theirs.decimalValue()) < 0;
      if (ascending == LARGEST.contains(keyword)) {
        target.set(keyword, theirs);
      }
      return true;
    }
    return switch (keyword) {
      case "type" -> types(target, ours, theirs);
      case "required" -> union(target, keyword, ours, theirs);
      case "enum" -> intersection(target, ours, theirs);
      case "properties" -> {
        if (!(ours instanceof ObjectNode properties) || !theirs.isObject()) {
          yield false;
        }
        theirs.properties().forEach(one -> schema(properties, one.getKey(), one.getValue(), place, conflict, depth));
        yield true;
      }
      case "items", "additionalProperties" -> {
        schema(target, keyword, theirs, place.substring(0, place.length() - keyword.length() - 1), conflict, depth);
        yield true;
      }
      default -> false;
    };
  }

  /** Merges a schema into the one that has a name in an object. */
  private static void schema(
      ObjectNode parent, String name, JsonNode theirs, String place, Consumer<String> conflict, int depth) {
    JsonNode ours = parent.get(name);
    boolean oursIsAny = ours == null || ours.isBoolean() && ours.booleanValue();
    if (oursIsAny || theirs.isBoolean() && !theirs.booleanValue()) {
      parent.set(name, theirs.deepCopy());
    } else if (ours instanceof ObjectNode schema && theirs instanceof ObjectNode other) {
      into(schema, other, place + "/" + name, conflict, depth + 1);
    } else if (!theirs.isBoolean() && !ours.isBoolean()) {
      conflict.accept(place + "/" + name);
    }
  }

  private static boolean types(ObjectNode target, JsonNode ours, JsonNode theirs) {
    Set<String> first = types(ours);
    Set<String> second = types(theirs);
    ArrayNode common = target.arrayNode();
    for (String type : first) {
      if (second.contains(type) || type.equals("integer") && second.contains("number")) {
        common.add(type);
      } else if (type.equals("number") && second.contains("integer")) {
        common.add("integer");
      }
    }
    if (common.isEmpty()) {
      return false;
    }
    target.set("type", common.size() == 1 ? common.get(0) : common);
    return true;
  }

  static Set<String> types(JsonNode type) {
    Set<String> names = new LinkedHashSet<>();
    if (type.isArray()) {
      type.forEach(one -> names.add(one.asText()));
    } else {
      names.add(type.asText());
    }
    return names;
  }

  private static boolean union(ObjectNode target, String keyword, JsonNode ours, JsonNode theirs) {
    Set<JsonNode> all = new LinkedHashSet<>();
    ours.forEach(all::add);
    theirs.forEach(all::add);
    ArrayNode union = target.arrayNode();
    all.forEach(union::add);
    target.set(keyword, union);
    return true;
  }

  private static boolean intersection(ObjectNode target, JsonNode ours, JsonNode theirs) {
    Set<JsonNode> allowed = new HashSet<>();
    theirs.forEach(allowed::add);
    ArrayNode common = target.arrayNode();
    ours.forEach(value -> {
      if (allowed.contains(value)) {
        common.add(value);
      }
    });
    if (common.isEmpty()) {
      return false;
    }
    target.set("enum", common);
    return true;
  }
}
