package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.typed.annotation.Description;
import io.panallama.typed.annotation.Name;
import java.lang.reflect.Field;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** The constants of an enum, by name. */
final class EnumShape implements Shape {
  private final Map<String, Object> byName = new LinkedHashMap<>();
  private final Map<Object, String> names = new LinkedHashMap<>();
  private final String description;

  EnumShape(Class<?> type, Place place) {
    StringJoiner descriptions = new StringJoiner("; ");
    if (type.isAnnotationPresent(Description.class)) {
      descriptions.add(type.getAnnotation(Description.class).value());
    }
    Object[] constants = type.getEnumConstants();
    for (Object constant : constants == null ? new Object[0] : constants) {
      Field field = field(type, ((Enum<?>) constant).name());
      Name annotated = field.getAnnotation(Name.class);
      String name = annotated == null ? field.getName() : annotated.value();
      if (name.isEmpty() || byName.put(name, constant) != null) {
        throw place.unsupported(
            "is the enum " + type.getName() + ", which has two constants of one name, or one without.");
      }
      names.put(constant, name);
      if (field.isAnnotationPresent(Description.class)) {
        descriptions.add(name + ": " + field.getAnnotation(Description.class).value());
      }
    }
    if (byName.isEmpty()) {
      throw place.unsupported("is the enum " + type.getName() + ", which has no constants.");
    }
    description = descriptions.toString();
  }

  private static Field field(Class<?> type, String constant) {
    try {
      return type.getDeclaredField(constant);
    } catch (NoSuchFieldException impossible) {
      throw new IllegalStateException(type + " has a constant without a field", impossible);
    }
  }

  @Override
  public ObjectNode schema(Definitions definitions) {
    ObjectNode schema = Json.NODES.objectNode().put("type", "string");
    if (!description.isEmpty()) {
      schema.put("description", description);
    }
    ArrayNode values = schema.putArray("enum");
    byName.keySet().forEach(values::add);
    return schema;
  }

  @Override
  public Object read(JsonNode json, String path) {
    Object constant = json.isTextual() ? byName.get(json.textValue()) : null;
    if (constant == null) {
      throw new MismatchException(path, "is " + Json.excerpt(json) + " instead of one of " + byName.keySet());
    }
    return constant;
  }

  @Override
  public @Nullable Object soFar(@Nullable JsonNode json) {
    return json != null && json.isTextual() ? byName.get(json.textValue()) : null;
  }

  @Override
  public JsonNode write(Object value) {
    return Json.NODES.textNode(names.get(value));
  }

  @Override
  public String toString() {
    return "one of " + byName.keySet();
  }
}
