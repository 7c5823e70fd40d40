package io.panallama.server.dialect.openai;

import io.panallama.chat.ToolCall;
import io.panallama.generation.GenerationEvent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts the calls of a stream together again. Not thread-safe. */
final class ToolCallPieces {
  private final List<Whole> calls = new ArrayList<>();
  private final StringBuilder arguments = new StringBuilder();
  private GenerationEvent.@Nullable ToolCallStarted open;

  /**
   * A call.
   *
   * @param index its place among the calls of the answer
   */
  record Whole(int index, ToolCall call) {}

  /** Takes an event. */
  void take(GenerationEvent event) {
    if (event instanceof GenerationEvent.ToolCallArguments piece) {
      arguments.append(piece.json());
      return;
    }
    String json = arguments.toString();
    if (open != null && ToolCall.isWhole(json)) {
      calls.add(new Whole(open.index(), new ToolCall(open.id(), open.name(), json)));
    }
    open = event instanceof GenerationEvent.ToolCallStarted next ? next : null;
    arguments.setLength(0);
  }

  /** The calls that are complete before the last event. One that was cut off is none. */
  List<Whole> calls() {
    return List.copyOf(calls);
  }
}
