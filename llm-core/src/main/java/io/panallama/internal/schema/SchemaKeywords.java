package io.panallama.internal.schema;

import java.util.Map;
import java.util.Set;

/** Which types the keywords of a JSON schema apply to, and which keywords llama.cpp's grammars enforce. */
public final class SchemaKeywords {
  /** Keywords that constrain nothing. */
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "$schema",
          "$id",
          "$anchor",
          "$comment",
          "$defs",
          "definitions",
          "title",
          "description",
          "default",
          "example",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly",
          "contentEncoding",
          "contentMediaType",
          "format");

  /** The keywords that llama.cpp's grammars enforce for each type. */
  private static final Map<String, Set<String>> ENFORCED =
      Map.of(
          "object", Set.of("properties", "required", "additionalProperties"),
          "array", Set.of("items", "prefixItems", "minItems", "maxItems"),
          "string", Set.of("pattern", "minLength", "maxLength"),
          "integer", Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
          "number", Set.of(),
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
    return ANNOTATIONS.contains(keyword);
  }

  /** The keywords for bounds of integers. */
  public static Set<String> ofIntegers() {
    return of(ENFORCED, "integer");
  }

  /** Whether the grammar of a type enforces a keyword, or the keyword does not apply to the type. */
  public static boolean isKept(String keyword, String type) {
    boolean speaksOfOthers =
        APPLICABLE.values().stream().anyMatch(all -> all.contains(keyword)) && !of(APPLICABLE, type).contains(keyword);
    return keyword.equals("type") || isAnnotation(keyword) || of(ENFORCED, type).contains(keyword) || speaksOfOthers;
  }

  private static Set<String> of(Map<String, Set<String>> table, String type) {
    return table.getOrDefault(type, Set.of());
  }
}
