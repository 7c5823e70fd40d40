package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A type whose values have no parts.
 *
 * @param what describes the values, for messages
 * @param schema not modified
 * @param reader returns null for JSON that is not such a value
 * @param growing whether the beginning of a string is already a value
 */
record ScalarShape(
    String what,
    ObjectNode schema,
    Function<JsonNode, @Nullable Object> reader,
    Function<Object, JsonNode> writer,
    boolean growing)
    implements Shape {
  @Override
  public ObjectNode schema(Definitions definitions) {
    return schema.deepCopy();
  }

  @Override
  public Object read(JsonNode json, String path) {
    Object value = reader.apply(json);
    if (value == null) {
      throw new MismatchException(path, "is " + Json.excerpt(json) + " instead of " + what);
    }
    return value;
  }

  @Override
  public @Nullable Object soFar(@Nullable JsonNode json) {
    if (json == null) {
      return growing ? "" : null;
    }
    String beginning = PartialJson.beginning(json);
    if (beginning != null) {
      return growing ? beginning : null;
    }
    return reader.apply(json);
  }

  @Override
  public JsonNode write(Object value) {
    return writer.apply(value);
  }

  @Override
  public String toString() {
    return what;
  }
}
