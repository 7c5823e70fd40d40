package io.panallama.chat;

import io.panallama.generation.FinishReason;
import java.util.Objects;

/**
 * A tool that the model wants called.
 *
 * @param id tells calls of one answer apart; the result names it
 * @param name the tool's name
 * @param arguments the arguments as a JSON object. Cut off where the generation was; whoever reads a call after {@link
 *     FinishReason#TOOL_CALLS} has all of it
 */
public record ToolCall(String id, String name, String arguments) {
  /** Rejects null components. */
  public ToolCall {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(arguments, "arguments");
  }
}
