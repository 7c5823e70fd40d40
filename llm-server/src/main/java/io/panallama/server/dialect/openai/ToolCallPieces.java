package io.panallama.server.dialect.openai;

import io.panallama.chat.ToolCall;
import io.panallama.generation.GenerationEvent;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Puts the calls of a stream together again. Not thread-safe. */
final class ToolCallPieces {
  private final StringBuilder arguments = new StringBuilder();
  private GenerationEvent.@Nullable ToolCallStarted open;

  /**
   * A call.
   *
   * @param index its place among the calls of the answer
   */
  record Whole(int index, ToolCall call) {}

  /** Takes an event; gives the call that is complete before it. One that was cut off is none. */
  Optional<Whole> take(GenerationEvent event) {
    if (event instanceof GenerationEvent.ToolCallArguments piece) {
      arguments.append(piece.json());
      return Optional.empty();
    }
    GenerationEvent.ToolCallStarted begun = open;
    String json = arguments.toString();
    open = event instanceof GenerationEvent.ToolCallStarted next ? next : null;
    arguments.setLength(0);
    return begun != null && ToolCall.isWhole(json)
        ? Optional.of(new Whole(begun.index(), new ToolCall(begun.id(), begun.name(), json)))
        : Optional.empty();
  }
}
