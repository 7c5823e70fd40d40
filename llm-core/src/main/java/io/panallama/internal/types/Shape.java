package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How the values of one Java type are represented in JSON. Immutable once {@link Shapes} has created it; thread-safe. */
public interface Shape {
  /** A new schema of the values, to which the caller may add. */
  ObjectNode schema(Definitions definitions);

  /**
   * Converts JSON to a value.
   *
   * @param path the position in the JSON
   * @throws MismatchException if the JSON does not match the schema
   * @throws RefusedException if a constructor threw
   */
  Object read(JsonNode json, String path);

  /**
   * Converts the beginning of JSON to a value, as read by {@link PartialJson}.
   *
   * @param json null if it has not begun
   * @return null if there is no value yet
   */
  @Nullable Object soFar(@Nullable JsonNode json);

  JsonNode write(Object value);

  /**
   * Whether a value can be finite: a record that must contain itself never is.
   *
   * @param open the records that enclose this one
   */
  default boolean isFinite(Set<Shape> open) {
    return true;
  }
}
