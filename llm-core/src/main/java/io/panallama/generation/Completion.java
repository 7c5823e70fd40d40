package io.panallama.generation;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import java.util.List;

/**
 * A generation read to its end.
 *
 * @param reasoning what the model thought before it answered, where that is told apart; empty otherwise
 * @param toolCalls what the model wants called, complete after {@link FinishReason#TOOL_CALLS}
 */
public record Completion(
    String text, String reasoning, List<ToolCall> toolCalls, FinishReason reason, Usage usage, Timings timings) {
  public Completion {
    toolCalls = List.copyOf(toolCalls);
  }

  /** The answer as it goes back into the conversation, with its reasoning and its tool calls. */
  public ChatMessage toMessage() {
    return new ChatMessage(Role.ASSISTANT, text, reasoning, toolCalls, "", "");
  }
}
