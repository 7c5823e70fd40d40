package io.panallama.chat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.Objects;

/**
 * A tool call requested by the model.
 *
 * @param id distinguishes the calls of one answer; the result refers to it
 * @param name the tool's name
 * @param arguments the arguments as a JSON object; complete in every {@link io.panallama.generation.Completion}, which
 *     leaves out a call that was cut off
 */
public record ToolCall(String id, String name, String arguments) {
  /** Nothing that a model writes is too long or too deep. */
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .build())
          .build();

  /** Rejects null components. */
  public ToolCall {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(arguments, "arguments");
  }

  /** Whether a text is one JSON object and nothing else, as the arguments of a call are that was not cut off. */
  public static boolean isWhole(String arguments) {
    try (JsonParser json = JSON.createParser(arguments)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      json.skipChildren();
      return json.currentToken() == JsonToken.END_OBJECT && json.nextToken() == null;
    } catch (IOException broken) {
      return false;
    }
  }
}
