package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A record as an object with its components. */
final class RecordShape implements Shape {
  /** A property's name, description and shape, with the accessor of its component. */
  record Component(String name, String description, Shape shape, MethodHandle accessor) {}

  private final Class<?> type;
  private final String description;
  private final MethodHandle constructor;

  /** Set when all are known; they may contain this shape. */
  private List<Component> components = List.of();

  private int uses;
  private boolean finite;

  /**
   * @param constructor takes the components as an array of objects
   */
  RecordShape(Class<?> type, String description, MethodHandle constructor) {
    this.type = type;
    this.description = description;
    this.constructor = constructor;
  }

  void complete(List<Component> all) {
    components = all;
  }

  /** Counts another use of this record. A record that is used more than once gets its own definition. */
  RecordShape used() {
    uses++;
    return this;
  }

  Class<?> type() {
    return type;
  }

  boolean has(String name) {
    return components.stream().anyMatch(component -> component.name().equals(name));
  }

  @Override
  public ObjectNode schema(Definitions definitions) {
    return uses > 1 ? definitions.reference(type, () -> body(definitions, "", "")) : body(definitions, "", "");
  }

  /**
   * @param discriminator a property that comes first and has this value; empty if there is none
   */
  ObjectNode body(Definitions definitions, String discriminator, String value) {
    ObjectNode schema = Json.NODES.objectNode().put("type", "object");
    if (!description.isEmpty()) {
      schema.put("description", description);
    }
    ObjectNode properties = schema.putObject("properties");
    ArrayNode required = Json.NODES.arrayNode();
    if (!discriminator.isEmpty()) {
      properties.putObject(discriminator).put("const", value);
      required.add(discriminator);
    }
    for (Component component : components) {
      properties.set(component.name(), described(component, definitions));
      if (!(component.shape() instanceof OptionalShape)) {
        required.add(component.name());
      }
    }
    schema.set("required", required);
    return schema.put("additionalProperties", false);
  }

  private static ObjectNode described(Component component, Definitions definitions) {
    ObjectNode schema = component.shape().schema(definitions);
    if (!component.description().isEmpty()) {
      String ofType = schema.path("description").asText("");
      schema.put("description", component.description() + (ofType.isEmpty() ? "" : " (" + ofType + ")"));
    }
    return schema;
  }

  @Override
  public Object read(JsonNode json, String path) {
    if (!json.isObject()) {
      throw new MismatchException(path, "is " + Json.excerpt(json) + " instead of an object");
    }
    Object[] values = new Object[components.size()];
    for (int i = 0; i < values.length; i++) {
      Component component = components.get(i);
      JsonNode value = json.get(component.name());
      if (value != null) {
        values[i] = component.shape().read(value, path + "." + component.name());
      } else if (component.shape() instanceof OptionalShape optional) {
        values[i] = optional.missing();
      } else {
        throw new MismatchException(path, "has no property \"" + component.name() + "\"");
      }
    }
    try {
      return construct(values);
    } catch (Exception refused) {
      throw new RefusedException(path, type, refused);
    }
  }

  @Override
  public @Nullable Object soFar(@Nullable JsonNode json) {
    if (json != null && !json.isObject()) {
      return null;
    }
    Object[] values = new Object[components.size()];
    for (int i = 0; i < values.length; i++) {
      Component component = components.get(i);
      Object value = component.shape().soFar(json == null ? null : json.get(component.name()));
      if (value == null) {
        return null;
      }
      values[i] = value;
    }
    try {
      return construct(values);
    } catch (Exception refused) {
      return null;
    }
  }

  private Object construct(Object[] values) throws Exception {
    try {
      return (Object) constructor.invokeExact(values);
    } catch (Exception | Error thrown) {
      throw thrown;
    } catch (Throwable other) {
      throw new IllegalStateException(other);
    }
  }

  @Override
  public JsonNode write(Object value) {
    ObjectNode json = Json.NODES.objectNode();
    write(value, json);
    return json;
  }

  void write(Object value, ObjectNode json) {
    for (Component component : components) {
      Object held = Access.call(component.accessor(), value);
      JsonNode written = Shapes.write(component.shape(), held);
      if (!(component.shape() instanceof OptionalShape && written.isNull())) {
        json.set(component.name(), written);
      }
    }
  }

  @Override
  public boolean isFinite(Set<Shape> open) {
    if (!finite && open.add(this)) {
      finite = components.stream().allMatch(component -> component.shape().isFinite(open));
      open.remove(this);
    }
    return finite;
  }

  @Override
  public String toString() {
    return type.getSimpleName();
  }
}
