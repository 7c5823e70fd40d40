package io.panallama.chat;

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
  /** Rejects null components. */
  public ToolCall {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(arguments, "arguments");
  }
}
