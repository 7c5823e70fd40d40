package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The records of a sealed interface, distinguished by a property. */
final class UnionShape implements Shape {
  private final Class<?> type;
  private final String description;
  private final String discriminator;

  /** Set when all are known; they may contain this shape. */
  private Map<String, RecordShape> variants = Map.of();

  private int uses;

  UnionShape(Class<?> type, String description, String discriminator) {
    this.type = type;
    this.description = description;
    this.discriminator = discriminator;
  }

  void complete(Map<String, RecordShape> all) {
    variants = new LinkedHashMap<>(all);
  }

  UnionShape used() {
    uses++;
    return this;
  }

  @Override
  public ObjectNode schema(Definitions definitions) {
    return uses > 1 ? definitions.reference(type, () -> body(definitions)) : body(definitions);
  }

  private ObjectNode body(Definitions definitions) {
    ObjectNode schema = Json.NODES.objectNode();
    if (!description.isEmpty()) {
      schema.put("description", description);
    }
    ArrayNode alternatives = schema.putArray("anyOf");
    variants.forEach((name, variant) -> alternatives.add(variant.body(definitions, discriminator, name)));
    return schema;
  }

  @Override
  public Object read(JsonNode json, String path) {
    RecordShape variant = variant(json);
    if (variant == null) {
      throw new MismatchException(
          path, "is " + Json.excerpt(json) + ", whose \"" + discriminator + "\" is none of " + variants.keySet());
    }
    return variant.read(json, path);
  }

  private @Nullable RecordShape variant(JsonNode json) {
    JsonNode name = json.path(discriminator);
    return name.isTextual() ? variants.get(name.textValue()) : null;
  }

  @Override
  public @Nullable Object soFar(@Nullable JsonNode json) {
    RecordShape variant = json == null ? null : variant(json);
    return variant == null ? null : variant.soFar(json);
  }

  @Override
  public JsonNode write(Object value) {
    for (Map.Entry<String, RecordShape> variant : variants.entrySet()) {
      if (variant.getValue().type() == value.getClass()) {
        ObjectNode json = Json.NODES.objectNode().put(discriminator, variant.getKey());
        variant.getValue().write(value, json);
        return json;
      }
    }
    throw new IllegalStateException(value.getClass() + " is none of the records of " + type);
  }

  @Override
  public boolean isFinite(Set<Shape> open) {
    return variants.values().stream().anyMatch(variant -> variant.isFinite(open));
  }

  @Override
  public String toString() {
    return type.getSimpleName();
  }
}
