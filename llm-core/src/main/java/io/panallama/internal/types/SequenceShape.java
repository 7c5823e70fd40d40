package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.typed.annotation.Size;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Elements in a JSON array: an immutable list or set, or an array of {@code element}. */
final class SequenceShape implements Shape {
  enum Kind {
    LIST,
    SET,
    ARRAY
  }

  private final Kind kind;
  private final Shape item;
  private final Class<?> element;
  private final @Nullable Size size;

  /**
   * @param element the element type of arrays
   */
  SequenceShape(Kind kind, Shape item, Class<?> element, @Nullable Size size) {
    this.kind = kind;
    this.item = item;
    this.element = element;
    this.size = size;
  }

  @Override
  public ObjectNode schema(Definitions definitions) {
    ObjectNode schema = Json.NODES.objectNode().put("type", "array");
    schema.set("items", item.schema(definitions));
    if (size != null) {
      schema.put("minItems", size.min()).put("maxItems", size.max());
    }
    return schema;
  }

  @Override
  public Object read(JsonNode json, String path) {
    if (!json.isArray()) {
      throw new MismatchException(path, "is " + Json.excerpt(json) + " instead of an array");
    }
    if (size != null && (json.size() < size.min() || json.size() > size.max())) {
      throw new MismatchException(
          path, "has " + json.size() + " elements instead of " + size.min() + " to " + size.max());
    }
    List<Object> all = new ArrayList<>(json.size());
    for (JsonNode one : json) {
      all.add(item.read(one, path + "[" + all.size() + "]"));
    }
    return collected(all);
  }

  @Override
  public @Nullable Object soFar(@Nullable JsonNode json) {
    List<Object> all = new ArrayList<>();
    if (json != null && json.isArray()) {
      for (JsonNode one : json) {
        Object value = item.soFar(one);
        if (value == null) {
          // The element is missing or rejected; stopping here keeps later elements from moving up to its index.
          break;
        }
        all.add(value);
      }
    }
    return collected(all);
  }

  private Object collected(List<Object> all) {
    return switch (kind) {
      case LIST -> Collections.unmodifiableList(all);
      case SET -> Collections.unmodifiableSet(new LinkedHashSet<>(all));
      case ARRAY -> {
        Object array = Array.newInstance(element, all.size());
        for (int i = 0; i < all.size(); i++) {
          Array.set(array, i, all.get(i));
        }
        yield array;
      }
    };
  }

  @Override
  public JsonNode write(Object value) {
    ArrayNode json = Json.NODES.arrayNode();
    if (value instanceof Collection<?> all) {
      all.forEach(one -> json.add(Shapes.write(item, one)));
    } else {
      for (int i = 0; i < Array.getLength(value); i++) {
        json.add(Shapes.write(item, Array.get(value, i)));
      }
    }
    return json;
  }

  @Override
  public boolean isFinite(Set<Shape> open) {
    return size == null || size.min() == 0 || item.isFinite(open);
  }

  @Override
  public String toString() {
    return kind + " of " + item;
  }
}
