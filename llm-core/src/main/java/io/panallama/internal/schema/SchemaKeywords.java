package io.panallama.internal.schema;

import java.util.Map;
import java.util.Set;

/** Which types the keywords of a JSON schema apply to, and which keywords grammars enforce. */
public final class SchemaKeywords {
  /** Keywords that constrain nothing: JSON Schema's, OpenAPI's, and those of well-known generators. */
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "$schema",
          "$id",
          "id",
          "$anchor",
          "$dynamicAnchor",
          "$comment",
          "$defs",
          "$vocabulary",
          "definitions",
          "title",
          "description",
          "markdownDescription",
          "default",
          "example",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly",
          "contentEncoding",
          "contentMediaType",
          "contentSchema",
          "discriminator",
          "enumDescriptions",
          "enumNames",
          "externalDocs",
          "nullable",
          "propertyOrdering",
          "unit",
          "xml",
          "format");

  /** The keywords that grammars enforce for each type; for numbers see {@link SchemaNumbers}. */
  private static final Map<String, Set<String>> ENFORCED =
      Map.of(
          "object", Set.of("properties", "required", "additionalProperties"),
          "array", Set.of("items", "prefixItems", "minItems", "maxItems"),
          "string", Set.of("pattern", "minLength", "maxLength"),
          "integer", Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
          "number", Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
          "boolean", Set.of(),
          "null", Set.of());

  /** The keywords that apply only to values of one type. */
  private static final Map<String, Set<String>> APPLICABLE =
      Map.of(
          "object",
          Set.of(
              "properties",
              "required",
              "additionalProperties",
              "patternProperties",
              "propertyNames",
              "minProperties",
              "maxProperties",
              "dependentRequired",
              "dependentSchemas",
              "dependencies",
              "unevaluatedProperties"),
          "array",
          Set.of(
              "items",
              "prefixItems",
              "additionalItems",
              "unevaluatedItems",
              "minItems",
              "maxItems",
              "uniqueItems",
              "contains",
              "minContains",
              "maxContains"),
          "string",
          Set.of("pattern", "minLength", "maxLength"),
          "integer",
          Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
          "number",
          Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
          "boolean",
          Set.of(),
          "null",
          Set.of());

  private SchemaKeywords() {}

  public static boolean isType(String type) {
    return ENFORCED.containsKey(type);
  }

  public static boolean isAnnotation(String keyword) {
    return ANNOTATIONS.contains(keyword) || keyword.startsWith("x-");
  }

  /** Whether a keyword constrains values of this type. */
  public static boolean appliesTo(String keyword, String type) {
    return of(APPLICABLE, type).contains(keyword);
  }

  /** Whether a keyword constrains values of one type only. */
  public static boolean isOfOneType(String keyword) {
    return APPLICABLE.values().stream().anyMatch(all -> all.contains(keyword));
  }

  /** Whether the grammar of a type enforces a keyword, or the keyword does not apply to the type. */
  public static boolean isKept(String keyword, String type) {
    boolean speaksOfOthers = isOfOneType(keyword) && !appliesTo(keyword, type);
    return keyword.equals("type") || isAnnotation(keyword) || of(ENFORCED, type).contains(keyword) || speaksOfOthers;
  }

  private static Set<String> of(Map<String, Set<String>> table, String type) {
    return table.getOrDefault(type, Set.of());
  }
}
