package io.panallama.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Removes the keywords of an object that hold anyway. Answers have no properties but those that a schema lists, if it lists
 * any, so what it says of other names holds, and some of what it says of all names can be looked up.
 */
final class SchemaObject {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_ -]*");

  private final ObjectNode schema;
  private final Set<String> names = new LinkedHashSet<>();
  private final Set<String> required = new LinkedHashSet<>();

  private SchemaObject(ObjectNode schema) {
    this.schema = schema;
    schema.path("properties").fieldNames().forEachRemaining(names::add);
    schema.path("required").forEach(name -> required.add(name.asText()));
  }

  static void dropWhatHolds(ObjectNode schema) {
    new SchemaObject(schema).dropWhatHolds();
  }

  private void dropWhatHolds() {
    drop("propertyNames", allowsNames(schema.path("propertyNames")));
    drop("patternProperties", !names.isEmpty() && matchesNone(schema.path("patternProperties")));
    drop("minProperties", schema.path("minProperties").asInt() <= schema.path("required").size());
    drop("maxProperties", !names.isEmpty() && schema.path("maxProperties").asInt() >= names.size());
    drop("dependentRequired", needsNothing(schema.path("dependentRequired")));
    drop("unevaluatedProperties", !names.isEmpty() || anything(schema.path("unevaluatedProperties")));
  }

  private void drop(String keyword, boolean holds) {
    if (schema.has(keyword) && holds) {
      schema.remove(keyword);
    }
  }

  private static boolean anything(JsonNode schema) {
    return schema.isBoolean() ? schema.booleanValue() : schema.isObject() && schema.isEmpty();
  }

  private boolean allowsNames(JsonNode rule) {
    boolean anyString = rule.size() == 1 && rule.path("type").asText().equals("string");
    if (anything(rule) || anyString) {
      return true;
    }
    if (names.isEmpty() || !rule.isObject()) {
      return false;
    }
    for (Map.Entry<String, JsonNode> entry : rule.properties()) {
      JsonNode value = entry.getValue();
      boolean holds =
          switch (entry.getKey()) {
            case "type" -> value.asText().equals("string");
            case "minLength" -> names.stream().allMatch(name -> length(name) >= value.asInt());
            case "maxLength" -> names.stream().allMatch(name -> length(name) <= value.asInt());
            case "pattern" -> names.stream().allMatch(name -> matches(value.asText(), name, false));
            case "enum" -> {
              Set<String> allowed = new LinkedHashSet<>();
              value.forEach(one -> allowed.add(one.asText()));
              yield allowed.containsAll(names);
            }
            default -> SchemaKeywords.isAnnotation(entry.getKey());
          };
      if (!holds) {
        return false;
      }
    }
    return true;
  }

  private static int length(String name) {
    return name.codePointCount(0, name.length());
  }

  private boolean matchesNone(JsonNode patterns) {
    for (Map.Entry<String, JsonNode> entry : patterns.properties()) {
      if (names.stream().anyMatch(name -> matches(entry.getKey(), name, true))) {
        return false;
      }
    }
    return patterns.isObject();
  }

  /**
   * Looks a pattern up that is a plain text with or without anchors, such as {@code ^x-}. Java's regular expressions would
   * take forever for some.
   *
   * @param otherwise the answer for other patterns
   */
  private static boolean matches(String pattern, String name, boolean otherwise) {
    boolean begins = pattern.startsWith("^");
    boolean ends = pattern.length() > 1 && pattern.endsWith("$");
    String text = pattern.substring(begins ? 1 : 0, pattern.length() - (ends ? 1 : 0));
    if (!PLAIN.matcher(text).matches()) {
      return text.equals(".*") || otherwise;
    }
    return begins && ends
        ? name.equals(text)
        : begins ? name.startsWith(text) : ends ? name.endsWith(text) : name.contains(text);
  }

  private boolean needsNothing(JsonNode rule) {
    for (Map.Entry<String, JsonNode> entry : rule.properties()) {
      for (JsonNode needed : entry.getValue()) {
        if (names.isEmpty() || names.contains(entry.getKey()) && !required.contains(needed.asText())) {
          return false;
        }
      }
    }
    return rule.isObject();
  }
}
