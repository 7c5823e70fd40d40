package io.panallama.internal.schema;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gives the targets of a schema's references unique names.
 *
 * <p>llama.cpp's converter names a rule after the reference, with every character except letters, digits and dashes
 * replaced by a dash, and assumes that an existing rule of that name is the one that is meant. So {@code #/$defs/a_b},
 * {@code #/$defs/a-b}, and a {@code #/$defs/a_b} of another tool in the same grammar would be the same rule. Each
 * target therefore becomes a definition, with a reference to it in its former location; definitions without references
 * are removed. A reference to the whole document leads to a copy of it among the definitions.
 */
public final class SchemaReferences {
  private static final String DEFINITIONS = "$defs";

  private final ObjectNode root;
  private final List<ObjectNode> references = new ArrayList<>();
  private final Map<String, Target> targets = new LinkedHashMap<>();
  private final Set<JsonNode> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  /** The target of a reference, and its location. */
  private record Target(JsonNode node, JsonNode parent, JsonPointer pointer) {
    void replace(ObjectNode with) {
      if (parent instanceof ObjectNode object) {
        object.set(pointer.last().getMatchingProperty(), with);
      } else if (parent instanceof ArrayNode array) {
        array.set(pointer.last().getMatchingIndex(), with);
      }
    }
  }

  private SchemaReferences(ObjectNode root) {
    this.root = root;
  }

  /**
   * Renames in place. A reference without a target stays, for the converter to reject.
   *
   * @param prefix of the names, of letters and digits; no other schema of the grammar may have a name that begins with
   *     it
   * @return the new names in order, each with a reference that it replaced
   */
  public static Map<String, String> rename(ObjectNode root, String prefix) {
    SchemaReferences found = new SchemaReferences(root);
    found.walk(root);
    return found.targets.isEmpty() ? Map.of() : found.rename(prefix);
  }

  /** The target of a reference within the document; null if it does not exist. */
  public static @Nullable JsonNode resolve(String reference, ObjectNode root) {
    Target target = target(reference, root);
    return target == null ? null : target.node();
  }

  private static @Nullable Target target(String reference, ObjectNode root) {
    if (reference.equals("#")) {
      return new Target(root, MissingNode.getInstance(), JsonPointer.empty());
    }
    if (!reference.startsWith("#/")) {
      return null;
    }
    try {
      // URLDecoder decodes like a form, so a plus sign has to be protected.
      String decoded = URLDecoder.decode(reference.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8);
      JsonPointer pointer = JsonPointer.compile(decoded);
      JsonNode node = root.at(pointer);
      return node.isMissingNode() ? null : new Target(node, root.at(pointer.head()), pointer);
    } catch (IllegalArgumentException malformed) {
      return null;
    }
  }

  /** Visits only positions that hold schemas: in a constant, {@code $ref} means nothing. */
  private void walk(@Nullable JsonNode node) {
    if (!(node instanceof ObjectNode schema) || !seen.add(schema)) {
      return;
    }
    if (schema.path("$ref").isTextual()) {
      references.add(schema);
      String reference = schema.path("$ref").textValue();
      Target target = targets.containsKey(reference) ? null : target(reference, root);
      if (target != null) {
        targets.put(reference, target);
        walk(target.node());
      }
    } else {
      for (String keyword : List.of("properties", "patternProperties", "oneOf", "anyOf", "allOf", "prefixItems")) {
        schema.path(keyword).forEach(this::walk);
      }
      if (schema.path("items").isArray()) {
        schema.path("items").forEach(this::walk);
      }
      walk(schema.get("items"));
      walk(schema.get("additionalProperties"));
    }
  }

  private Map<String, String> rename(String wanted) {
    String prefix = wanted;
    while (leadsToNothing("#/" + DEFINITIONS + "/" + prefix)) {
      prefix += "x";
    }
    return named(prefix);
  }

  /** Whether there is a reference without a target that a new name could accidentally give one. */
  private boolean leadsToNothing(String beginning) {
    return references.stream()
        .map(schema -> schema.path("$ref").textValue())
        .anyMatch(reference -> reference.startsWith(beginning) && !targets.containsKey(reference));
  }

  private Map<String, String> named(String prefix) {
    IdentityHashMap<JsonNode, String> names = new IdentityHashMap<>();
    Map<String, String> origins = new LinkedHashMap<>();
    ObjectNode definitions = root.objectNode();
    targets.forEach((reference, target) -> {
      String name = prefix + names.size();
      if (names.putIfAbsent(target.node(), name) == null) {
        origins.put(name, reference);
        definitions.set(name, target.node());
      }
    });
    Map<String, String> renamed = new LinkedHashMap<>();
    targets.forEach((reference, target) -> renamed.put(reference, "#/" + DEFINITIONS + "/" + names.get(target.node())));
    for (ObjectNode schema : references) {
      String name = renamed.get(schema.path("$ref").textValue());
      if (name != null) {
        schema.put("$ref", name);
      }
    }
    targets.forEach((reference, target) -> target.replace(root.objectNode().put("$ref", renamed.get(reference))));
    root.remove(List.of(DEFINITIONS, "definitions"));
    String own = names.get(root);
    if (own != null) {
      // The document itself stays in its place, where templates look for the properties of a tool.
      definitions.set(own, root.deepCopy());
    }
    root.set(DEFINITIONS, definitions);
    return origins;
  }
}
