package io.panallama.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/** Finds references that lead back to themselves through references and alternatives only: no value can fit them. */
final class SchemaLoops {
  private final ObjectNode root;
  private final Map<String, String> definitions;
  private final BiConsumer<ObjectNode, String> found;
  private final Set<String> entered = new HashSet<>();
  private final Set<String> done = new HashSet<>();

  /**
   * @param definitions names, and where each was
   * @param found gets a reference that closes a loop, and the place of the definition that it is in. It may remove it
   */
  SchemaLoops(ObjectNode root, Map<String, String> definitions, BiConsumer<ObjectNode, String> found) {
    this.root = root;
    this.definitions = definitions;
    this.found = found;
  }

  void find() {
    follow(root, "#");
    definitions.keySet().forEach(this::define);
  }

  private void define(String name) {
    if (done.add(name)) {
      entered.add(name);
      follow(root.path("$defs").path(name), definitions.getOrDefault(name, name));
      entered.remove(name);
    }
  }

  private void follow(JsonNode node, String place) {
    if (!(node instanceof ObjectNode schema)) {
      return;
    }
    if (schema.has("$ref")) {
      String reference = schema.path("$ref").asText();
      String name = reference.startsWith("#/$defs/") ? reference.substring("#/$defs/".length()) : "";
      if (entered.contains(name)) {
        found.accept(schema, place);
      } else if (definitions.containsKey(name)) {
        define(name);
      }
      return;
    }
    for (String keyword : List.of("anyOf", "oneOf", "allOf")) {
      schema.path(keyword).forEach(child -> follow(child, place));
    }
  }
}
