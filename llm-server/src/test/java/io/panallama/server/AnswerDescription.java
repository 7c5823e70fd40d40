package io.panallama.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Compares answers with what an OpenAPI document says of them: no field is undescribed, none that must be there is missing. */
final class AnswerDescription {
  private final JsonNode document;
  private final Set<String> faults = new TreeSet<>();

  AnswerDescription(JsonNode document) {
    this.document = document;
  }

  /** The differences so far. */
  Set<String> faults() {
    return faults;
  }

  /** Compares the answer to a request of this method to this path, as the document spells it. */
  void compare(String method, String path, int status, JsonNode answer) {
    JsonNode responses = document.path("paths").path(path).path(method).path("responses");
    JsonNode response = resolved(responses.has("" + status) ? responses.path("" + status) : responses.path("default"));
    JsonNode schema = response.at("/content/application~1json/schema");
    if (schema.isMissingNode()) {
      faults.add(method + " " + path + " " + status + " is not described");
    } else {
      compare(answer, schema, method + " " + path + " " + status + " ");
    }
  }

  private JsonNode resolved(JsonNode schema) {
    JsonNode found = schema;
    while (found.has("$ref")) {
      found = document.at(found.path("$ref").asText().substring(1));
    }
    return found;
  }

  private void collect(JsonNode schema, Map<String, JsonNode> properties, Set<String> required) {
    JsonNode found = resolved(schema);
    found.path("allOf").forEach(part -> collect(part, properties, required));
    found.path("properties").properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue()));
    found.path("required").forEach(name -> required.add(name.asText()));
  }

  private void compare(JsonNode value, JsonNode described, String where) {
    JsonNode schema = resolved(described);
    JsonNode type = schema.path("type");
    boolean typed = type.isMissingNode() || type.isTextual() && isOf(value, type.asText());
    for (JsonNode one : type) {
      typed |= isOf(value, one.asText());
    }
    if (!typed) {
      faults.add(where + "is a " + value.getNodeType() + ", not " + type);
    }
    boolean listed = !schema.has("enum");
    for (JsonNode one : schema.path("enum")) {
      listed |= one.equals(value);
    }
    if (!listed || schema.has("const") && !schema.path("const").equals(value)) {
      faults.add(where + "is " + value + ", which is not listed");
    }
    if (value.isArray() && schema.has("items")) {
      value.forEach(element -> compare(element, schema.path("items"), where + "[]"));
    }
    if (value.isObject()) {
      compareFields(value, schema, where);
    }
  }

  private void compareFields(JsonNode value, JsonNode schema, String where) {
    Map<String, JsonNode> properties = new LinkedHashMap<>();
    Set<String> required = new TreeSet<>();
    collect(schema, properties, required);
    required.stream().filter(name -> !value.has(name)).forEach(name -> faults.add(where + "has no " + name));
    // An object without any properties is of the client's or the model's making.
    if (!properties.isEmpty()) {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        JsonNode property = properties.get(field.getKey());
        if (property == null) {
          faults.add(where + "." + field.getKey() + " is not described");
        } else {
          compare(field.getValue(), property, where + "." + field.getKey() + " ");
        }
      }
    }
  }

  private static boolean isOf(JsonNode value, String type) {
    return switch (type) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "null" -> value.isNull();
      default -> false;
    };
  }
}
