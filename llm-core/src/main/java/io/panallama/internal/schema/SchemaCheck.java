package io.panallama.internal.schema;

import static io.panallama.error.InvalidRequestException.name;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.llama.SchemaConverter;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Checks a JSON schema before llama.cpp converts it to a grammar: bounds its cost, and finds what llama.cpp would
 * ignore.
 *
 * <p>llama.cpp's converter takes the first keyword that it understands and ignores the others, so the grammar of
 * {@code {"anyOf": [...], "required": ["a"]}} or {@code {"type": "number", "maximum": 5}} would allow what the schema
 * forbids. In a strict schema those are faults. The few that can be expressed in a way the converter understands are
 * rewritten; the result may allow less, but never more.
 */
public final class SchemaCheck {
  /** The maximum length of a schema in characters. */
  private static final int MAX_LENGTH = 1 << 20;

  /** The maximum nesting depth of schemas. */
  private static final int MAX_DEPTH = 64;

  /** The maximum number of schemas, counting each as often as lists of types multiply it. */
  private static final int MAX_SCHEMAS = 20_000;

  /** The maximum number of optional properties of an object; llama.cpp's time grows with their cube. */
  private static final int MAX_OPTIONAL = 200;

  /** The maximum number of repetitions in llama.cpp's grammars. */
  private static final int MAX_REPETITIONS = 2000;

  /** Most other implementations compare the bounds of integers as doubles. */
  private static final long MAX_INTEGER = 1L << 53;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String parameter;
  private final boolean strict;
  private final ObjectNode root;
  private long schemas;

  private SchemaCheck(String parameter, boolean strict, ObjectNode root) {
    this.parameter = parameter;
    this.strict = strict;
    this.root = root;
  }

  /**
   * Returns the schema in the form for llama.cpp.
   *
   * @param parameter the field that contains it
   * @param names the prefix of the names of its definitions, see {@link SchemaReferences#rename}
   * @throws InvalidRequestException if it is not a schema, is too large, or can't be enforced; the message says where
   *     in the schema
   */
  public static ObjectNode check(String parameter, String schema, boolean strict, String names) {
    ObjectNode node = read(parameter, schema);
    Map<String, String> definitions = SchemaReferences.rename(node, names);
    SchemaCheck check = new SchemaCheck(parameter, strict, node);
    check.schema(node, "#", 0, 1);
    for (Map.Entry<String, String> definition : definitions.entrySet()) {
      check.schema(node.get("$defs").get(definition.getKey()), definition.getValue(), 0, 1);
    }
    requireConverted(parameter, node, definitions);
    return node;
  }

  /**
   * Parses a schema without changing it.
   *
   * @throws InvalidRequestException if it is not a JSON object, or too large
   */
  public static ObjectNode read(String parameter, String schema) {
    if (schema.length() > MAX_LENGTH) {
      throw new InvalidRequestException(
          parameter,
          name(parameter) + " has " + schema.length() + " characters; at most " + MAX_LENGTH + " are allowed.");
    }
    ObjectNode node = parse(parameter, schema);
    if (node.isEmpty()) {
      node.put("type", "object");
    }
    return node;
  }

  /** Runs the converter, whose errors say where the fault is; the template would hide that. */
  private static void requireConverted(String parameter, ObjectNode node, Map<String, String> definitions) {
    try {
      SchemaConverter.grammar(parameter, node.toString());
    } catch (InvalidRequestException fault) {
      // Names stay marked, so that a front end can still translate them.
      String message = fault.message(InvalidRequestException::name);
      for (String name : List.copyOf(definitions.keySet()).reversed()) {
        message = message.replace("#/$defs/" + name, definitions.getOrDefault(name, name));
      }
      throw new InvalidRequestException(parameter, message, fault);
    }
  }

  private static ObjectNode parse(String parameter, String schema) {
    try {
      if (JSON.readTree(schema) instanceof ObjectNode object) {
        return object;
      }
    } catch (JsonProcessingException malformed) {
      throw new InvalidRequestException(
          parameter, name(parameter) + " is not valid JSON: " + malformed.getOriginalMessage() + ".", malformed);
    }
    throw new InvalidRequestException(parameter, name(parameter) + " is not a JSON object.");
  }

  private InvalidRequestException fault(String path, String what) {
    return new InvalidRequestException(parameter, name(parameter) + " has a fault at " + path + ": " + what + ".");
  }

  /**
   * @param times how often the converter visits this schema because of lists of types above
   */
  private void schema(JsonNode node, String path, int depth, long times) {
    if (!(node instanceof ObjectNode schema)) {
      throw fault(path, "a schema must be an object");
    }
    schemas += times;
    if (depth > MAX_DEPTH) {
      throw fault(path, "schemas are nested deeper than " + MAX_DEPTH);
    }
    if (schemas > MAX_SCHEMAS) {
      throw fault(path, "there are more than " + MAX_SCHEMAS + " schemas");
    }
    JsonNode type = schema.get("type");
    if (schema.has("$ref")) {
      nothingBeside(schema, path, Set.of("$ref"));
    } else if (schema.has("oneOf") || schema.has("anyOf")) {
      alternatives(schema, path, depth, times);
    } else if (type instanceof ArrayNode types) {
      for (JsonNode one : types) {
        ofType(schema, one.asText(), path, depth, times * types.size());
      }
    } else if (schema.has("const") || schema.has("enum")) {
      values(schema, path);
    } else if (type != null) {
      ofType(schema, type.asText(), path, depth, times);
    } else {
      untyped(schema, path, depth, times);
    }
  }

  private void nothingBeside(ObjectNode schema, String path, Set<String> allowed) {
    if (strict) {
      for (String keyword : (Iterable<String>) schema::fieldNames) {
        if (!allowed.contains(keyword) && !SchemaKeywords.isAnnotation(keyword)) {
          throw fault(path, keyword + " can't be enforced beside " + String.join(", ", allowed));
        }
      }
    }
  }

  private void alternatives(ObjectNode schema, String path, int depth, long times) {
    String keyword = schema.has("oneOf") ? "oneOf" : "anyOf";
    nothingBeside(schema, path, Set.of(keyword));
    children(schema.get(keyword), path + "/" + keyword, depth, times);
    if (strict && keyword.equals("oneOf") && !SchemaOverlap.areApart(schema.get(keyword), root)) {
      throw fault(path, "oneOf can't be enforced, because a value may be valid under two of its schemas; use anyOf");
    }
  }

  private void children(JsonNode array, String path, int depth, long times) {
    for (int i = 0; i < array.size(); i++) {
      schema(array.get(i), path + "/" + i, depth + 1, times);
    }
  }

  private void values(ObjectNode schema, String path) {
    nothingBeside(schema, path, schema.has("const") ? Set.of("const", "type") : Set.of("enum", "type"));
    JsonNode type = schema.get("type");
    if (strict && type != null) {
      Iterable<JsonNode> all = schema.has("const") ? List.of(schema.get("const")) : schema.get("enum");
      for (JsonNode value : all) {
        if (!SchemaOverlap.isOfType(value, type.asText())) {
          throw fault(path, "a value of const or enum is not of the type " + type.asText());
        }
      }
    }
  }

  private void untyped(ObjectNode schema, String path, int depth, long times) {
    if (schema.has("properties") || schema.has("additionalProperties")) {
      requireEnforced(schema, "object", path);
      object(schema, path, depth, times);
    } else if (schema.has("allOf")) {
      allOf(schema, path, depth, times);
    } else if (schema.has("items") || schema.has("prefixItems")) {
      requireEnforced(schema, "array", path);
      array(schema, path, depth, times);
    } else if (schema.has("pattern") || schema.has("minLength") || schema.has("maxLength")) {
      requireEnforced(schema, "string", path);
      string(schema, path);
    } else {
      nothingBeside(schema, path, Set.of());
    }
  }

  private void ofType(ObjectNode schema, String type, String path, int depth, long times) {
    if (!SchemaKeywords.isType(type)) {
      throw fault(path, "the type must be one of array, boolean, integer, null, number, object and string");
    }
    boolean composed =
        schema.has("allOf") && (type.equals("string") || type.equals("object") && !schema.has("properties"));
    if (composed) {
      allOf(schema, path, depth, times);
      return;
    }
    requireEnforced(schema, type, path);
    switch (type) {
      case "object" -> object(schema, path, depth, times);
      case "array" -> array(schema, path, depth, times);
      case "string" -> string(schema, path);
      case "integer" -> integer(schema, path);
      default -> {}
    }
  }

  /**
   * A keyword that constrains values of this type must be enforced by the grammar; keywords for other types are not
   * considered.
   */
  private void requireEnforced(ObjectNode schema, String type, String path) {
    if (!strict) {
      return;
    }
    for (String keyword : (Iterable<String>) schema::fieldNames) {
      boolean off = keyword.equals("uniqueItems") && !schema.get(keyword).asBoolean();
      if (!SchemaKeywords.isKept(keyword, type) && !off) {
        throw fault(path, keyword + " can't be enforced for the type " + type);
      }
    }
  }

  private void object(ObjectNode schema, String path, int depth, long times) {
    Set<String> names = new HashSet<>();
    if (schema.get("properties") instanceof ObjectNode properties) {
      for (Map.Entry<String, JsonNode> entry : properties.properties()) {
        names.add(entry.getKey());
        schema(entry.getValue(), path + "/properties/" + entry.getKey(), depth + 1, times);
      }
    }
    Set<String> required = new HashSet<>();
    for (JsonNode name : schema.path("required")) {
      required.add(name.asText());
      if (strict && !names.contains(name.asText())) {
        throw fault(path, "required names \"" + name.asText() + "\", which is not in properties");
      }
    }
    long optional = names.stream().filter(name -> !required.contains(name)).count();
    if (optional > MAX_OPTIONAL) {
      throw fault(path, optional + " properties may be missing; at most " + MAX_OPTIONAL + " may");
    }
    JsonNode additional = schema.get("additionalProperties");
    if (additional instanceof ObjectNode others && names.isEmpty()) {
      schema(others, path + "/additionalProperties", depth + 1, times);
    } else if (additional != null && !names.isEmpty()) {
      // llama.cpp's rule for other names allows characters that JSON forbids. Leaving such properties out is valid.
      schema.put("additionalProperties", false);
    }
  }

  private void array(ObjectNode schema, String path, int depth, long times) {
    count(schema, "minItems", path);
    count(schema, "maxItems", path);
    inOrder(schema, "minItems", "maxItems", path);
    boolean tuple = schema.has("prefixItems");
    if (tuple) {
      if (schema.has("items") && !schema.get("items").isBoolean()) {
        throw fault(path, "items can't be enforced beside prefixItems");
      }
      schema.remove("items");
      children(schema.get("prefixItems"), path + "/prefixItems", depth, times);
      int size = schema.get("prefixItems").size();
      if (schema.path("minItems").asInt(0) > size || schema.path("maxItems").asInt(size) < size) {
        throw fault(path, "there are " + size + " prefixItems, which minItems or maxItems forbids");
      }
    } else if (schema.get("items") instanceof ArrayNode items) {
      children(items, path + "/items", depth, times);
    } else if (schema.has("items")) {
      if (schema.get("items").isBoolean() && schema.get("items").asBoolean()) {
        schema.remove("items");
      } else {
        schema(schema.get("items"), path + "/items", depth + 1, times);
      }
    }
  }

  private void string(ObjectNode schema, String path) {
    count(schema, "minLength", path);
    count(schema, "maxLength", path);
    inOrder(schema, "minLength", "maxLength", path);
    if (!schema.has("pattern")) {
      return;
    }
    if (strict && (schema.has("minLength") || schema.has("maxLength"))) {
      throw fault(path, "minLength and maxLength can't be enforced beside pattern");
    }
    try {
      schema.put("pattern", SchemaPattern.rewrite(schema.get("pattern").asText()));
    } catch (IllegalArgumentException unsupported) {
      if (strict) {
        throw fault(path, "pattern can't be enforced, because " + unsupported.getMessage());
      }
      // llama.cpp would print this to the standard error stream and then do the same.
      schema.remove("pattern");
    }
  }

  private void integer(ObjectNode schema, String path) {
    for (String bound : SchemaKeywords.ofIntegers()) {
      JsonNode value = schema.get(bound);
      if (value != null && (!value.isNumber() || Math.abs(value.asDouble()) > MAX_INTEGER)) {
        throw fault(path, bound + " must be a number between -2^53 and 2^53");
      }
    }
    double least = Math.max(bound(schema, "minimum", -MAX_INTEGER), bound(schema, "exclusiveMinimum", -MAX_INTEGER));
    double most = Math.min(bound(schema, "maximum", MAX_INTEGER), bound(schema, "exclusiveMaximum", MAX_INTEGER));
    if (least > most) {
      throw fault(path, "no number is both as large as the minimum and as small as the maximum");
    }
  }

  private static double bound(ObjectNode schema, String keyword, double otherwise) {
    JsonNode value = schema.get(keyword);
    return value == null ? otherwise : value.asDouble();
  }

  private void count(ObjectNode schema, String keyword, String path) {
    JsonNode value = schema.get(keyword);
    if (value != null && (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0)) {
      throw fault(path, keyword + " must be a whole number, 0 or more");
    }
    if (value != null && value.intValue() > MAX_REPETITIONS) {
      throw fault(path, keyword + " is " + value.intValue() + "; at most " + MAX_REPETITIONS + " can be enforced");
    }
  }

  private void inOrder(ObjectNode schema, String low, String high, String path) {
    if (schema.has(low) && schema.has(high) && schema.get(low).intValue() > schema.get(high).intValue()) {
      throw fault(path, low + " is larger than " + high);
    }
  }

  /** llama.cpp merges the properties of the objects, all of them as required, and supports nothing else. */
  private void allOf(ObjectNode schema, String path, int depth, long times) {
    nothingBeside(schema, path, Set.of("allOf", "type"));
    children(schema.get("allOf"), path + "/allOf", depth, times);
    if (!strict) {
      return;
    }
    Set<String> names = new HashSet<>();
    for (JsonNode part : schema.get("allOf")) {
      JsonNode object = SchemaOverlap.resolve(part, root);
      if (!object.path("type").asText("object").equals("object") || !object.has("properties")) {
        throw fault(path, "allOf can be enforced for objects with properties only");
      }
      for (Map.Entry<String, JsonNode> entry : object.get("properties").properties()) {
        if (!names.add(entry.getKey())) {
          throw fault(path, "allOf can't be enforced, because two of its objects have \"" + entry.getKey() + "\"");
        }
      }
    }
  }
}
