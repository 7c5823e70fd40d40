package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An object with arbitrary property names: an immutable map in the order of the JSON. */
record MapShape(Shape item) implements Shape {
  @Override
  public ObjectNode schema(Definitions definitions) {
    ObjectNode schema = Json.NODES.objectNode().put("type", "object");
    schema.set("additionalProperties", item.schema(definitions));
    return schema;
  }

  @Override
  public Object read(JsonNode json, String path) {
    if (!json.isObject()) {
      throw new MismatchException(path, "is " + Json.excerpt(json) + " instead of an object");
    }
    Map<String, Object> all = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      all.put(entry.getKey(), item.read(entry.getValue(), path + "." + entry.getKey()));
    }
    return Collections.unmodifiableMap(all);
  }

  @Override
  public @Nullable Object soFar(@Nullable JsonNode json) {
    Map<String, Object> all = new LinkedHashMap<>();
    if (json != null && json.isObject()) {
      for (Map.Entry<String, JsonNode> entry : json.properties()) {
        Object value = item.soFar(entry.getValue());
        if (value != null) {
          all.put(entry.getKey(), value);
        }
      }
    }
    return Collections.unmodifiableMap(all);
  }

  @Override
  public JsonNode write(Object value) {
    ObjectNode json = Json.NODES.objectNode();
    ((Map<?, ?>) value).forEach((name, one) -> json.set(String.valueOf(name), Shapes.write(item, one)));
    return json;
  }

  @Override
  public String toString() {
    return "map of " + item;
  }
}
