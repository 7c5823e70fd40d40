package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How the values of one Java type are written in JSON. Immutable once {@link Shapes} has made it; thread-safe. */
public interface Shape {
  /** A new schema of the values, which the caller may add to. */
  ObjectNode schema(Definitions definitions);

  /**
   * The value that JSON stands for.
   *
   * @param path where in the JSON it is
   * @throws MismatchException if the JSON is not what the schema allows
   * @throws RefusedException if a constructor threw
   */
  Object read(JsonNode json, String path);

  /**
   * The value of a beginning, as {@link PartialJson} has it.
   *
   * @param json null for what has not begun
   * @return null if there is none yet
   */
  @Nullable Object soFar(@Nullable JsonNode json);

  JsonNode write(Object value);

  /**
   * Whether a value can come to an end: a record that must contain itself never does.
   *
   * @param open the records around this place
   */
  default boolean isFinite(Set<Shape> open) {
    return true;
  }
}
