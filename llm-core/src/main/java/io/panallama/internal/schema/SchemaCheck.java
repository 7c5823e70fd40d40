package io.panallama.internal.schema;

import static io.panallama.error.InvalidRequestException.name;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.llama.SchemaConverter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Turns a JSON schema into one that llama.cpp's converter enforces whole: bounds its cost, and finds what it would ignore.
 *
 * <p>llama.cpp's converter takes the first keyword that it understands and ignores the others, so the grammar of
 * {@code {"anyOf": [...], "required": ["a"]}} would allow what the schema forbids. In a strict schema those are faults. In
 * another one they are left out, and named. What can be expressed in a way the converter understands is rewritten; the
 * result may allow less than what is left of the schema, but never more.
 */
public final class SchemaCheck {
  /** The maximum length of a schema in characters. */
  private static final int MAX_LENGTH = 1 << 20;

  /** The maximum nesting depth of schemas. */
  private static final int MAX_DEPTH = 64;

  /** The maximum number of schemas. */
  private static final int MAX_SCHEMAS = 20_000;

  /** The maximum number of optional properties of an object; llama.cpp's time grows with their cube. */
  private static final int MAX_OPTIONAL = 200;

  /** The maximum number of repetitions in llama.cpp's grammars. */
  private static final int MAX_REPETITIONS = 2000;

  /** The maximum number of values in the copies that are made of parts of a schema. */
  private static final int MAX_COPIED = 200_000;

  /** The maximum number of omissions that are named, and of characters in the place of one. */
  private static final int MAX_OMISSIONS = 1000;

  /** The maximum depth of {@code allOf} in {@code allOf}. */
  private static final int MAX_HOPS = 16;

  /** The maximum number of alternatives to which the keywords beside them are added. */
  private static final int MAX_ALTERNATIVES = 64;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private final String parameter;
  private final boolean strict;
  private final ObjectNode root;
  private final Map<String, String> definitions;
  private final Set<SchemaOmission> omissions = new LinkedHashSet<>();
  private int schemas;
  private int copied;

  private SchemaCheck(String parameter, boolean strict, ObjectNode root, String names) {
    this.parameter = parameter;
    this.strict = strict;
    this.root = root;
    SchemaKinds.repair(root, this::remove);
    requireKeyword(root);
    definitions = SchemaReferences.rename(root, names);
  }

  /**
   * Returns the schema in the form for llama.cpp.
   *
   * @param parameter the field that contains it
   * @param strict whether anything that can't be enforced is a fault
   * @param names the prefix of the names of its definitions, see {@link SchemaReferences#rename}
   * @throws InvalidRequestException if it is not a schema or is too large, or if it is strict and can't be enforced; the
   *     message says where in the schema
   */
  public static ObjectNode check(String parameter, String schema, boolean strict, String names) {
    ObjectNode node = read(parameter, schema);
    SchemaCheck check = new SchemaCheck(parameter, strict, node, names);
    check.run();
    SchemaConstants.keepLiterals(node);
    requireConverted(parameter, node, check.definitions);
    return node;
  }

  /**
   * The same for the arguments of a call, which are an object: what else the schema allows is removed. A schema that allows no object
   * is a fault if it is strict, and any object otherwise.
   *
   * @throws InvalidRequestException as {@link #check}
   */
  public static ObjectNode checkArguments(String parameter, String schema, boolean strict, String names) {
    ObjectNode node = read(parameter, schema);
    SchemaCheck check = new SchemaCheck(parameter, strict, node, names);
    check.run();
    check.restrictToObjects();
    SchemaConstants.keepLiterals(node);
    requireConverted(parameter, node, check.definitions);
    return node;
  }

  /**
   * What {@link #check} leaves out of a schema that is not strict, in the order of the schema. Calls nothing native.
   *
   * @throws InvalidRequestException as {@link #check}
   */
  public static List<SchemaOmission> omissions(String parameter, String schema) {
    SchemaCheck check = new SchemaCheck(parameter, false, read(parameter, schema), "r");
    check.run();
    return List.copyOf(check.omissions);
  }

  /**
   * What {@link #checkArguments} leaves out of a schema that is not strict, in the order of the schema. Calls nothing native.
   *
   * @throws InvalidRequestException as {@link #check}
   */
  public static List<SchemaOmission> argumentOmissions(String parameter, String schema) {
    SchemaCheck check = new SchemaCheck(parameter, false, read(parameter, schema), "r");
    check.run();
    check.restrictToObjects();
    return List.copyOf(check.omissions);
  }

  /**
   * Parses a schema. An empty one becomes that of any object.
   *
   * @throws InvalidRequestException if it is not a JSON object, or too large
   */
  public static ObjectNode read(String parameter, String schema) {
    if (schema.length() > MAX_LENGTH) {
      throw new InvalidRequestException(
          parameter,
          name(parameter) + " has " + schema.length() + " characters; at most " + MAX_LENGTH + " are allowed.");
    }
    if (schema.contains(SchemaNumbers.RULE)) {
      throw new InvalidRequestException(
          parameter, name(parameter) + " has the text \"" + SchemaNumbers.RULE + "\", which is reserved.");
    }
    ObjectNode node = parse(parameter, schema);
    requireKeyword(node);
    return node;
  }

  /**
   * Parses a tool's schema for a chat template: without the keywords whose values are of the wrong kind, and otherwise as it was
   * given.
   *
   * @throws InvalidRequestException if it is not a JSON object, or too large
   */
  public static ObjectNode shown(String parameter, String schema) {
    ObjectNode node = read(parameter, schema);
    SchemaKinds.repair(node, (place, reason) -> {});
    requireKeyword(node);
    return node;
  }

  private static void requireKeyword(ObjectNode node) {
    if (node.isEmpty()) {
      node.put("type", "object");
    }
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
    } catch (NumberFormatException beyond) {
      throw new InvalidRequestException(
          parameter, name(parameter) + " has a number whose exponent has too many digits.", beyond);
    }
    throw new InvalidRequestException(parameter, name(parameter) + " is not a JSON object.");
  }

  private void run() {
    schema(root, "#", 0);
    for (Map.Entry<String, String> definition : definitions.entrySet()) {
      ObjectNode all = (ObjectNode) root.get("$defs");
      all.set(definition.getKey(), schema(all.get(definition.getKey()), definition.getValue(), 0));
    }
    new SchemaLoops(root, definitions, this::loop).find();
  }

  private void restrictToObjects() {
    if (!SchemaArguments.restrict(root)) {
      omit("#", "", "the arguments of a call are an object, which this schema does not allow");
      root.removeAll();
      root.put("type", "object");
    }
  }

  private void loop(ObjectNode reference, String path) {
    omit(
        reference,
        "$ref",
        path,
        "$ref leads back to itself without a value in between, which makes a left-recursive rule");
  }

  // ---- what can't be enforced ----

  private InvalidRequestException fault(String path, String what) {
    return new InvalidRequestException(parameter, name(parameter) + " has a fault at " + path + ": " + what + ".");
  }

  /** Leaves out a keyword. */
  private void omit(ObjectNode schema, String keyword, String path, String why) {
    omit(path, "/" + keyword, why);
    schema.remove(keyword);
  }

  /** Leaves out what is of the wrong kind; see {@link SchemaKinds}. */
  private void remove(SchemaKinds.Place place, String why) {
    if (strict) {
      String part = parameter + place.dotted();
      throw new InvalidRequestException(part, name(part) + ": " + why + ".");
    }
    omit(place.pointer(), "", why);
  }

  private void omit(String path, String below, String why) {
    if (strict) {
      throw fault(path, why);
    }
    if (omissions.size() < MAX_OMISSIONS) {
      String place = path + below;
      omissions.add(new SchemaOmission(place.substring(0, Math.min(place.length(), 2 * MAX_OMISSIONS)), why));
    }
  }

  /** Leaves out all keywords that constrain, except for some. */
  private void nothingBeside(ObjectNode schema, String path, Set<String> allowed) {
    for (String keyword : keywords(schema)) {
      if (!allowed.contains(keyword) && !SchemaKeywords.isAnnotation(keyword)) {
        String beside = allowed.isEmpty() ? "" : " beside " + String.join(", ", new TreeSet<>(allowed));
        omit(schema, keyword, path, keyword + " can't be enforced" + beside);
      }
    }
  }

  /** The place of a part, cut where names are very long. */
  private static String below(String path, String part) {
    return path.length() > MAX_OMISSIONS
        ? path
        : path + "/" + part.substring(0, Math.min(part.length(), MAX_OMISSIONS));
  }

  /** Whether there is room for a copy. */
  private boolean affords(JsonNode node) {
    copied += values(node);
    return copied <= MAX_COPIED;
  }

  private static int values(JsonNode node) {
    int values = 1;
    for (JsonNode child : node) {
      values += values(child);
    }
    return values;
  }

  private static List<String> keywords(ObjectNode schema) {
    List<String> keywords = new ArrayList<>();
    schema.fieldNames().forEachRemaining(keywords::add);
    return keywords;
  }

  private static boolean constrains(ObjectNode schema, Set<String> except) {
    return keywords(schema).stream()
        .anyMatch(keyword -> !except.contains(keyword) && !SchemaKeywords.isAnnotation(keyword));
  }

  // ---- schemas ----

  /** Rewrites a schema in place if it is an object; returns what is to stand there. */
  private ObjectNode schema(@Nullable JsonNode node, String path, int depth) {
    if (++schemas > MAX_SCHEMAS) {
      throw fault(path, "there are more than " + MAX_SCHEMAS + " schemas");
    }
    if (depth > MAX_DEPTH) {
      omit(path, "", "schemas are nested deeper than " + MAX_DEPTH);
    } else if (node instanceof ObjectNode schema) {
      nullable(schema, path);
      if (schema.has("$ref")) {
        reference(schema, path);
      } else {
        body(schema, path, depth);
      }
      return schema;
    } else if (!(node instanceof BooleanNode any)) {
      omit(path, "", "a schema must be an object");
    } else if (!any.booleanValue()) {
      omit(path, "", "no value fits false");
    }
    return root.objectNode();
  }

  /** OpenAPI's {@code nullable}, which JSON Schema's validators ignore: a strict schema has to satisfy them. */
  private void nullable(ObjectNode schema, String path) {
    if (strict || !schema.path("nullable").asBoolean() || path.equals("#")) {
      return;
    }
    schema.remove("nullable");
    if (schema.get("enum") instanceof ArrayNode values) {
      values.addNull();
    }
    if (schema.get("type") instanceof ArrayNode types) {
      types.add("null");
    } else if (schema.path("type").isTextual()) {
      String type = schema.get("type").textValue();
      schema.putArray("type").add(type).add("null");
    } else if (!schema.has("enum") && constrains(schema, Set.of())) {
      ObjectNode same = schema.objectNode().setAll(schema);
      schema.removeAll();
      schema.putArray("anyOf").add(same).addObject().put("type", "null");
    }
  }

  private void reference(ObjectNode schema, String path) {
    nothingBeside(schema, path, Set.of("$ref"));
    boolean known =
        schema.path("$ref").asText().startsWith("#/$defs/")
            && definitions.containsKey(schema.path("$ref").asText().substring("#/$defs/".length()));
    if (!strict && !known) {
      omit(schema, "$ref", path, "$ref leads to nothing in the schema");
    }
  }

  private void body(ObjectNode schema, String path, int depth) {
    while (isOnlyPart(schema)) {
      schema.setAll((ObjectNode) schema.remove("allOf").get(0));
    }
    if (schema.has("allOf") && !strict) {
      mergeParts(schema, path, 0);
    }
    if (schema.has("$ref")) {
      reference(schema, path);
      return;
    }
    if (!strict) {
      chooseAlternatives(schema, path);
    }
    if (schema.has("oneOf") || schema.has("anyOf")) {
      alternatives(schema, path, depth);
    } else if (schema.has("const") || schema.has("enum")) {
      values(schema, path);
      if (!schema.has("const") && !schema.has("enum")) {
        typed(schema, path, depth);
      }
    } else {
      typed(schema, path, depth);
    }
  }

  // ---- conjunctions and alternatives ----

  /** Generators put a reference into an {@code allOf} of its own, so as to describe it. */
  private static boolean isOnlyPart(ObjectNode schema) {
    return schema.path("allOf").size() == 1
        && schema.path("allOf").path(0).isObject()
        && !constrains(schema, Set.of("allOf"));
  }

  private void mergeParts(ObjectNode schema, String path, int depth) {
    JsonNode parts = schema.remove("allOf");
    if (!parts.isArray() || depth > MAX_HOPS) {
      omit(path, "/allOf", "allOf must be an array of schemas that don't lead back to it");
      return;
    }
    for (int i = 0; i < parts.size(); i++) {
      String place = path + "/allOf/" + i;
      if (++schemas > MAX_SCHEMAS) {
        throw fault(place, "there are more than " + MAX_SCHEMAS + " schemas");
      }
      JsonNode given = parts.get(i).isObject() ? SchemaOverlap.resolve(parts.get(i), root) : parts.get(i);
      if (!affords(given)) {
        omit(place, "", "there is too much to put together");
      } else if (given.isObject()) {
        ObjectNode part = given.deepCopy();
        if (part.has("allOf")) {
          mergeParts(part, place, depth + 1);
        }
        SchemaMerge.into(schema, part, keyword -> omit(place, keyword, "it contradicts what stands beside it"));
      }
    }
  }

  /** Leaves one list of alternatives, with what stands beside it added to each. */
  private void chooseAlternatives(ObjectNode schema, String path) {
    for (String keyword : List.of("anyOf", "oneOf")) {
      JsonNode list = schema.get(keyword);
      if (list != null && (!list.isArray() || list.isEmpty())) {
        omit(schema, keyword, path, keyword + " must not be empty");
      }
    }
    if (schema.has("oneOf") && schema.has("anyOf")) {
      omit(schema, "anyOf", path, "anyOf can't be enforced beside oneOf");
    }
    String keyword = schema.has("oneOf") ? "oneOf" : "anyOf";
    if (!(schema.get(keyword) instanceof ArrayNode list) || !constrains(schema, Set.of(keyword))) {
      return;
    }
    if (path.equals("#") && schema.has("properties")) {
      // Templates look for the properties of a tool in the schema itself.
      omit(schema, keyword, path, keyword + " can't be enforced beside the properties of the whole");
      return;
    }
    if (list.size() > MAX_ALTERNATIVES) {
      omit(schema, keyword, path, keyword + " of more than " + MAX_ALTERNATIVES + " can't be enforced beside others");
      return;
    }
    ObjectNode beside = schema.objectNode();
    for (String other : keywords(schema)) {
      if (!other.equals(keyword) && !SchemaKeywords.isAnnotation(other)) {
        beside.set(other, schema.remove(other));
      }
    }
    ArrayNode merged = schema.arrayNode();
    for (int i = 0; i < list.size(); i++) {
      JsonNode given = list.get(i).isObject() ? SchemaOverlap.resolve(list.get(i), root) : list.get(i);
      if (!affords(beside) || !affords(given)) {
        schema.setAll(beside);
        omit(schema, keyword, path, keyword + " and what stands beside it are too much to put together");
        return;
      }
      if (!(given instanceof ObjectNode alternative)) {
        merged.add(beside.deepCopy());
        continue;
      }
      ObjectNode both = beside.deepCopy();
      List<String> conflicts = new ArrayList<>();
      SchemaMerge.into(both, alternative, conflicts::add);
      if (!conflicts.contains("/type")) {
        String place = path + "/" + keyword + "/" + i;
        conflicts.forEach(conflict -> omit(place, conflict, "it contradicts what stands beside " + keyword));
        merged.add(both);
      }
    }
    if (merged.isEmpty()) {
      schema.setAll(beside);
      omit(schema, keyword, path, "each of " + keyword + " contradicts the type beside it");
    } else {
      schema.set(keyword, merged);
    }
  }

  private void alternatives(ObjectNode schema, String path, int depth) {
    String keyword = schema.has("oneOf") ? "oneOf" : "anyOf";
    nothingBeside(schema, path, Set.of(keyword));
    boolean apart = keyword.equals("anyOf") || SchemaOverlap.areApart(schema.get(keyword), root);
    children(schema.get(keyword), path + "/" + keyword, depth);
    if (!apart) {
      omit(path, "/oneOf", "oneOf can't be enforced, because a value may be valid under two of its schemas; use anyOf");
      schema.set("anyOf", schema.remove("oneOf"));
    }
  }

  private void children(JsonNode list, String path, int depth) {
    for (int i = 0; i < list.size(); i++) {
      JsonNode child = schema(list.get(i), below(path, String.valueOf(i)), depth + 1);
      if (list instanceof ArrayNode array) {
        array.set(i, child);
      }
    }
  }

  private void values(ObjectNode schema, String path) {
    String keyword = schema.has("const") ? "const" : "enum";
    nothingBeside(schema, path, Set.of(keyword, "type"));
    if (keyword.equals("enum") && !strict && (!schema.get("enum").isArray() || schema.get("enum").isEmpty())) {
      omit(schema, "enum", path, "enum must be an array of values");
      return;
    }
    JsonNode type = schema.remove("type");
    if (type == null) {
      return;
    }
    if (strict && SchemaMerge.types(type).stream().noneMatch(SchemaKeywords::isType)) {
      throw fault(path, "the type must be " + SchemaKinds.TYPES + ", or a list of them");
    }
    ArrayNode fitting = schema.arrayNode();
    for (JsonNode value : keyword.equals("const") ? List.of(schema.get("const")) : schema.get("enum")) {
      if (SchemaMerge.types(type).stream().anyMatch(one -> SchemaOverlap.isOfType(value, one))) {
        fitting.add(value);
      } else if (strict) {
        throw fault(path, "a value of const or enum is not of the type " + String.join(", ", SchemaMerge.types(type)));
      }
    }
    if (fitting.isEmpty()) {
      omit(path, "/type", "no value of " + keyword + " is of this type");
    } else if (keyword.equals("enum")) {
      schema.set("enum", fitting);
    }
    if (type.isTextual() && !fitting.isEmpty()) {
      // It says nothing more, but a template that describes tools may need one.
      schema.set("type", type);
    }
  }

  // ---- types ----

  private void typed(ObjectNode schema, String path, int depth) {
    if (schema.get("type") instanceof ArrayNode) {
      types(schema, path);
      if (schema.get("anyOf") instanceof ArrayNode alternatives) {
        for (int i = 0; i < alternatives.size(); i++) {
          alternatives.set(i, schema(alternatives.get(i), path, depth + 1));
        }
        return;
      }
    }
    JsonNode given = schema.get("type");
    if (given != null && !SchemaKeywords.isType(given.asText())) {
      omit(schema, "type", path, "the type must be " + SchemaKinds.TYPES);
    }
    String type = schema.has("type") ? schema.get("type").asText() : implied(schema);
    if (schema.has("allOf")
        && (type == null || type.equals("string") || type.equals("object") && !schema.has("properties"))) {
      requiredParts(schema, path, depth);
    } else if (type == null) {
      nothingBeside(schema, path, Set.of());
    } else {
      schema.put("type", type);
      ofType(schema, type, path, depth);
    }
  }

  /** Makes a list of types one type, or alternatives of one type each. */
  private void types(ObjectNode schema, String path) {
    Set<String> types = new LinkedHashSet<>();
    for (String type : SchemaMerge.types(schema.get("type"))) {
      if (SchemaKeywords.isType(type)) {
        types.add(type);
      } else {
        omit(path, "/type", "the type must be " + SchemaKinds.TYPES);
      }
    }
    if (types.contains("number")) {
      types.remove("integer");
    }
    if (types.isEmpty()) {
      omit(schema, "type", path, "type must not be empty");
    } else if (types.size() == 1) {
      schema.put("type", types.iterator().next());
    } else {
      ArrayNode alternatives = schema.arrayNode();
      for (String type : types) {
        ObjectNode alternative = alternatives.addObject();
        for (String keyword : keywords(schema)) {
          boolean annotation = SchemaKeywords.isAnnotation(keyword) && !keyword.equals("format");
          if (!annotation && (!SchemaKeywords.isOfOneType(keyword) || SchemaKeywords.appliesTo(keyword, type))) {
            alternative.set(keyword, schema.get(keyword).deepCopy());
          }
        }
        alternative.put("type", type);
      }
      for (String keyword : keywords(schema)) {
        if (!SchemaKeywords.isAnnotation(keyword) || keyword.equals("format")) {
          schema.remove(keyword);
        }
      }
      schema.set("anyOf", alternatives);
    }
  }

  /** The type whose keywords a schema has; null if it has none. */
  private static @Nullable String implied(ObjectNode schema) {
    for (String type : List.of("object", "array", "string", "number")) {
      if (keywords(schema).stream().anyMatch(keyword -> SchemaKeywords.appliesTo(keyword, type))) {
        return type;
      }
    }
    return null;
  }

  private void ofType(ObjectNode schema, String type, String path, int depth) {
    switch (type) {
      case "object" -> {
        SchemaObject.dropWhatHolds(schema);
        patterns(schema, path);
      }
      case "array" -> tuples(schema);
      default -> {}
    }
    for (String keyword : keywords(schema)) {
      if (!SchemaKeywords.isKept(keyword, type)) {
        omit(schema, keyword, path, keyword + " can't be enforced for the type " + type);
      }
    }
    switch (type) {
      case "object" -> object(schema, path, depth);
      case "array" -> array(schema, path, depth);
      case "string" -> string(schema, path);
      case "integer", "number" ->
          SchemaNumbers.rewrite(schema, (keyword, reason) -> omit(schema, keyword, path, reason));
      default -> {}
    }
  }

  // ---- objects ----

  private void object(ObjectNode schema, String path, int depth) {
    Set<String> names = properties(schema, path, depth);
    Set<String> required = required(schema, names, path);
    long optional = names.stream().filter(name -> !required.contains(name)).count();
    if (optional > MAX_OPTIONAL) {
      omit(schema, "properties", path, optional + " properties may be missing; at most " + MAX_OPTIONAL + " may");
      schema.remove(List.of("required", "additionalProperties"));
      return;
    }
    JsonNode additional = schema.get("additionalProperties");
    if (additional == null) {
      return;
    }
    if (!additional.isObject() && !additional.isBoolean()) {
      omit(schema, "additionalProperties", path, "additionalProperties must be a schema");
    } else if (!names.isEmpty()) {
      // llama.cpp's rule for other names allows characters that JSON forbids. Leaving such properties out is valid.
      schema.put("additionalProperties", false);
    } else if (additional.isObject()) {
      schema.set("additionalProperties", schema(additional, path + "/additionalProperties", depth + 1));
    }
  }

  /** An object whose values have one schema, and whose names have a pattern, may have any names. */
  private void patterns(ObjectNode schema, String path) {
    JsonNode patterns = schema.path("patternProperties");
    boolean others = schema.path("additionalProperties").isObject() || schema.path("additionalProperties").asBoolean();
    if (patterns.size() == 1 && !others && !schema.has("properties")) {
      schema.set("additionalProperties", patterns.iterator().next());
    }
    if (schema.has("patternProperties")) {
      omit(
          schema, "patternProperties", path, "patternProperties can't be enforced, because names can't have a pattern");
    }
    if (schema.path("unevaluatedProperties").isBoolean() && !schema.has("additionalProperties")) {
      schema.set("additionalProperties", schema.remove("unevaluatedProperties"));
    }
  }

  private Set<String> properties(ObjectNode schema, String path, int depth) {
    Set<String> names = new LinkedHashSet<>();
    if (schema.has("properties") && !schema.get("properties").isObject()) {
      omit(schema, "properties", path, "properties must be an object");
    }
    Set<String> required = new HashSet<>();
    schema.path("required").forEach(name -> required.add(name.asText()));
    if (schema.get("properties") instanceof ObjectNode properties) {
      for (String name : keywords(properties)) {
        String place = below(path + "/properties", name);
        boolean never = properties.get(name).isBoolean() && !properties.get(name).booleanValue();
        if (never && !required.contains(name)) {
          // It does not occur.
          properties.remove(name);
        } else {
          properties.set(name, schema(properties.get(name), place, depth + 1));
          names.add(name);
        }
      }
    }
    return names;
  }

  private Set<String> required(ObjectNode schema, Set<String> names, String path) {
    if (schema.has("required") && !schema.get("required").isArray()) {
      omit(schema, "required", path, "required must be an array of names");
    }
    Set<String> required = new LinkedHashSet<>();
    for (JsonNode name : schema.path("required")) {
      required.add(name.asText());
      if (names.contains(name.asText())) {
        continue;
      }
      if (strict) {
        throw fault(path, "required names \"" + name.asText() + "\", which is not in properties");
      }
      ObjectNode properties =
          schema.get("properties") instanceof ObjectNode existing ? existing : schema.putObject("properties");
      properties.putObject(name.asText());
      names.add(name.asText());
    }
    return required;
  }

  // ---- arrays ----

  /** Before 2020, {@code items} had the schemas of a tuple, and {@code additionalItems} that of the rest. */
  private static void tuples(ObjectNode schema) {
    if (schema.get("items") instanceof ArrayNode items) {
      schema.remove("items");
      schema.set("prefixItems", items);
    }
    schema.remove(List.of("additionalItems", "unevaluatedItems"));
    if (schema.has("uniqueItems") && !schema.get("uniqueItems").asBoolean() || schema.path("maxItems").asInt(2) < 2) {
      schema.remove("uniqueItems");
    }
  }

  private void array(ObjectNode schema, String path, int depth) {
    Integer least = count(schema, "minItems", MAX_REPETITIONS, path);
    Integer most = count(schema, "maxItems", MAX_REPETITIONS, path);
    if (least != null && most != null && least > most) {
      omit(schema, "maxItems", path, "minItems is larger than maxItems");
      most = null;
    }
    if (schema.has("prefixItems") && !schema.get("prefixItems").isArray()) {
      omit(schema, "prefixItems", path, "prefixItems must be an array of schemas");
    }
    if (schema.get("prefixItems") instanceof ArrayNode tuple) {
      int size = tuple.size();
      if (least != null && least > size || most != null && most < size) {
        omit(schema, "prefixItems", path, "there are " + size + " prefixItems, which minItems or maxItems forbids");
      } else {
        // All of the tuple and nothing else fits whatever items says of the rest.
        schema.remove(List.of("items", "minItems", "maxItems"));
        children(tuple, path + "/prefixItems", depth);
        return;
      }
    }
    JsonNode items = schema.get("items");
    if (items != null && items.isBoolean()) {
      schema.remove("items");
      if (!items.booleanValue()) {
        schema.put("maxItems", 0);
        if (least != null && least > 0) {
          omit(schema, "minItems", path, "minItems contradicts items, which forbids any");
        }
      }
    } else if (items != null) {
      schema.set("items", schema(items, path + "/items", depth + 1));
    }
  }

  // ---- strings ----

  private void string(ObjectNode schema, String path) {
    Integer least = count(schema, "minLength", StringRules.MOST, path);
    Integer most = count(schema, "maxLength", StringRules.MOST, path);
    if (least != null && most != null && least > most) {
      omit(schema, "maxLength", path, "minLength is larger than maxLength");
      most = null;
    }
    StringFormat format = StringFormat.find(schema.path("format").asText());
    if (schema.has("pattern")) {
      try {
        String pattern = schema.get("pattern").asText();
        schema.put("pattern", SchemaPattern.rewrite(pattern));
        for (String other : List.of("minLength", "maxLength")) {
          if (schema.has(other)) {
            omit(schema, other, path, other + " can't be enforced beside pattern");
          }
        }
        if (format != null && SchemaPattern.isWhole(pattern)) {
          // Zod writes both for a date, and the pattern says what the format means to it.
          schema.remove("format");
        } else if (format != null) {
          omit(schema, "format", path, "format can't be enforced beside a pattern that is not for the whole text");
        }
        return;
      } catch (IllegalArgumentException unsupported) {
        omit(schema, "pattern", path, "pattern can't be enforced, because " + unsupported.getMessage());
      }
    }
    if (format != null && format.fits(least, most)) {
      schema.remove(List.of("minLength", "maxLength", "format"));
      schema.put("pattern", format.pattern());
      return;
    }
    if (format != null) {
      omit(schema, "format", path, "format can't be enforced beside this minLength or maxLength");
    }
    if (least != null && least > MAX_REPETITIONS || most != null && most > MAX_REPETITIONS) {
      schema.remove(List.of("minLength", "maxLength"));
      schema.put("pattern", StringRules.lengths(least == null ? 0 : least, most));
    }
  }

  /** A number of items or characters; null if there is none, or none that can be enforced. */
  private @Nullable Integer count(ObjectNode schema, String keyword, int limit, String path) {
    JsonNode value = schema.get(keyword);
    if (value == null) {
      return null;
    }
    if (!value.isNumber() || !value.canConvertToExactIntegral() || value.decimalValue().signum() < 0) {
      omit(schema, keyword, path, keyword + " must be a whole number, 0 or more");
      return null;
    }
    if (value.decimalValue().compareTo(BigDecimal.valueOf(limit)) > 0) {
      omit(schema, keyword, path, keyword + " is " + value.asText() + "; at most " + limit + " can be enforced");
      return null;
    }
    schema.put(keyword, value.intValue());
    return value.intValue();
  }

  // ---- several parts of a strict schema ----

  /** llama.cpp merges the properties of the objects, all of them as required, and supports nothing else. */
  private void requiredParts(ObjectNode schema, String path, int depth) {
    nothingBeside(schema, path, Set.of("allOf", "type"));
    children(schema.get("allOf"), path + "/allOf", depth);
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
