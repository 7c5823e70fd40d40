package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An optional value. The property of its record is not required; a null value counts as missing, too. */
record OptionalShape(Class<?> type, Shape item) implements Shape {
  @Override
  public ObjectNode schema(Definitions definitions) {
    return item.schema(definitions);
  }

  Object missing() {
    if (type == OptionalInt.class) {
      return OptionalInt.empty();
    } else if (type == OptionalLong.class) {
      return OptionalLong.empty();
    }
    return type == OptionalDouble.class ? OptionalDouble.empty() : Optional.empty();
  }

  @Override
  public Object read(JsonNode json, String path) {
    return json.isNull() ? missing() : present(item.read(json, path));
  }

  @Override
  public Object soFar(@Nullable JsonNode json) {
    Object value = json == null || json.isNull() ? null : item.soFar(json);
    return value == null ? missing() : present(value);
  }

  private Object present(Object value) {
    if (type == OptionalInt.class) {
      return OptionalInt.of((Integer) value);
    } else if (type == OptionalLong.class) {
      return OptionalLong.of((Long) value);
    }
    return type == OptionalDouble.class ? OptionalDouble.of((Double) value) : Optional.of(value);
  }

  @Override
  public JsonNode write(Object value) {
    Object held =
        switch (value) {
          case OptionalInt number -> number.isPresent() ? number.getAsInt() : null;
          case OptionalLong number -> number.isPresent() ? number.getAsLong() : null;
          case OptionalDouble number -> number.isPresent() ? number.getAsDouble() : null;
          default -> ((Optional<?>) value).orElse(null);
        };
    return Shapes.write(item, held);
  }

  @Override
  public boolean isFinite(Set<Shape> open) {
    return true;
  }

  @Override
  public String toString() {
    return "optional " + item;
  }
}
