package io.panallama.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Removes the keywords of a schema whose values are of a kind that JSON Schema does not give them: {@code null} where a client
 * left out a list, an empty array where PHP has no empty object. Chat templates iterate over such values without a check, and fail.
 */
final class SchemaKinds {
  /** What the name of a type may be, for a message. */
  static final String TYPES = "one of array, boolean, integer, null, number, object and string";

  /** The maximum number of characters in the place of a keyword. */
  private static final int MAX_PLACE = 2000;

  /** What the value of a keyword must be. */
  private enum Kind {
    SCHEMA("a schema", value -> value.isObject() || value.isBoolean()),
    ITEMS("a schema", value -> value.isContainerNode() || value.isBoolean()),
    SCHEMAS("an array of schemas", JsonNode::isArray),
    NAMED_SCHEMAS("an object", JsonNode::isObject),
    NAMED("an object", JsonNode::isObject),
    VALUES("an array of values", JsonNode::isArray),
    NAMES("an array of names", JsonNode::isArray),
    TYPE(SchemaKinds.TYPES + ", or a list of them", value -> value.isTextual() || value.isArray()),
    TEXT("a string", JsonNode::isTextual),
    NUMBER("a number", JsonNode::isNumber),
    BOUND("a number", value -> value.isNumber() || value.isBoolean()),
    SWITCH("true or false", JsonNode::isBoolean);

    private final String words;
    private final Predicate<JsonNode> fits;

    Kind(String words, Predicate<JsonNode> fits) {
      this.words = words;
      this.fits = fits;
    }
  }

  private static final Map<String, Kind> KINDS = kinds();

  private final Report report;

  private SchemaKinds(Report report) {
    this.report = report;
  }

  /** Is told of a part that is removed; may throw to refuse it. */
  @FunctionalInterface
  interface Report {
    /** A part with its place, and what it must be. */
    void removed(Place place, String reason);
  }

  /**
   * The way to a part of a schema.
   *
   * @param before null for the root
   * @param step the name or index of the part
   * @param index whether the step is an index
   */
  record Place(@Nullable Place before, String step, boolean index) {
    static final Place ROOT = new Place(null, "", false);

    Place to(String name) {
      return new Place(this, name, false);
    }

    private Place to(int element) {
      return new Place(this, String.valueOf(element), true);
    }

    /** As in {@code #/properties/a/anyOf/0}, cut where it is very long. */
    String pointer() {
      return joined("#", "/", "/", "");
    }

    /** As in {@code .properties.a.anyOf[0]}, cut where it is very long. */
    String dotted() {
      return joined("", ".", "[", "]");
    }

    private String joined(String root, String name, String open, String close) {
      List<Place> steps = new ArrayList<>();
      for (Place place = this; place != null && place.before != null; place = place.before) {
        steps.add(place);
      }
      StringBuilder text = new StringBuilder(root);
      for (Place place : steps.reversed()) {
        text.append(place.index ? open : name).append(place.step).append(place.index ? close : "");
        if (text.length() > MAX_PLACE) {
          return text.substring(0, MAX_PLACE);
        }
      }
      return text.toString();
    }
  }

  private static Map<String, Kind> kinds() {
    Map<String, Kind> kinds = new HashMap<>();
    put(kinds, Kind.NAMED_SCHEMAS, "properties", "patternProperties", "$defs", "definitions", "dependentSchemas");
    put(kinds, Kind.NAMED, "dependentRequired", "dependencies");
    put(kinds, Kind.SCHEMA, "additionalProperties", "unevaluatedProperties", "propertyNames", "contains", "not");
    put(kinds, Kind.SCHEMA, "if", "then", "else", "unevaluatedItems", "additionalItems", "contentSchema");
    put(kinds, Kind.ITEMS, "items");
    put(kinds, Kind.SCHEMAS, "anyOf", "oneOf", "allOf", "prefixItems");
    put(kinds, Kind.VALUES, "enum");
    put(kinds, Kind.NAMES, "required");
    put(kinds, Kind.TYPE, "type");
    put(kinds, Kind.TEXT, "description", "title", "$ref", "format", "pattern", "$schema", "$id", "$comment");
    put(kinds, Kind.TEXT, "markdownDescription", "contentEncoding", "contentMediaType");
    put(kinds, Kind.NUMBER, "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems");
    put(kinds, Kind.NUMBER, "minProperties", "maxProperties", "minContains", "maxContains");
    put(kinds, Kind.BOUND, "exclusiveMinimum", "exclusiveMaximum");
    put(kinds, Kind.SWITCH, "uniqueItems");
    return Map.copyOf(kinds);
  }

  private static void put(Map<String, Kind> kinds, Kind kind, String... keywords) {
    for (String keyword : keywords) {
      kinds.put(keyword, kind);
    }
  }

  /** Changes the schema in place. What stands where a schema must be, and is none, becomes one that allows everything. */
  static void repair(ObjectNode root, Report report) {
    new SchemaKinds(report).schema(root, Place.ROOT);
  }

  private void schema(ObjectNode schema, Place place) {
    for (Map.Entry<String, JsonNode> entry : List.copyOf(schema.properties())) {
      String keyword = entry.getKey();
      Kind kind = KINDS.get(keyword);
      if (kind == null) {
        continue;
      }
      JsonNode value = entry.getValue();
      Place there = place.to(keyword);
      if (kind.fits.test(value)) {
        inside(schema, keyword, value, kind, there);
      } else {
        report.removed(there, keyword + " must be " + kind.words);
        schema.remove(keyword);
      }
    }
  }

  private void inside(ObjectNode schema, String keyword, JsonNode value, Kind kind, Place place) {
    switch (kind) {
      case SCHEMA, ITEMS, SCHEMAS, NAMED_SCHEMAS -> {
        if (kind == Kind.NAMED_SCHEMAS) {
          ObjectNode named = (ObjectNode) value;
          List.copyOf(named.properties())
              .forEach(one -> named.set(one.getKey(), child(one.getValue(), place.to(one.getKey()))));
        } else if (value instanceof ArrayNode list) {
          for (int i = 0; i < list.size(); i++) {
            list.set(i, child(list.get(i), place.to(i)));
          }
        } else {
          schema.set(keyword, child(value, place));
        }
      }
      case NAMES -> {
        ArrayNode names = schema.arrayNode();
        for (int i = 0; i < value.size(); i++) {
          keep(value.get(i), value.get(i).isTextual(), names, "a name", place.to(i));
        }
        schema.set(keyword, names);
      }
      case TYPE -> {
        if (value.isArray()) {
          ArrayNode types = schema.arrayNode();
          for (int i = 0; i < value.size(); i++) {
            // YAML reads the type null as this value.
            JsonNode type = value.get(i).isNull() ? schema.textNode("null") : value.get(i);
            keep(type, type.isTextual(), types, TYPES, place.to(i));
          }
          schema.set(keyword, types);
        }
      }
      default -> {}
    }
  }

  private void keep(JsonNode element, boolean fits, ArrayNode kept, String words, Place place) {
    if (fits) {
      kept.add(element);
    } else {
      report.removed(place, "it must be " + words);
    }
  }

  private JsonNode child(JsonNode value, Place place) {
    if (value instanceof ObjectNode schema) {
      schema(schema, place);
      return schema;
    }
    if (value.isBoolean()) {
      return value;
    }
    report.removed(place, "a schema must be an object");
    return JsonNodeFactory.instance.objectNode();
  }
}
