package io.panallama.chat;

import java.util.List;
import java.util.Objects;

/**
 * One turn of a conversation.
 *
 * <p>What reads like a special token, such as {@code <|im_end|>}, is text here: it can't end a turn or begin another.
 *
 * @param content the text; may be empty
 * @param reasoning what the assistant thought before; not every template has a place for it. Empty for none
 * @param toolCalls what the assistant wanted called
 * @param toolCallId which call a {@link Role#TOOL} message is the result of; empty for none
 * @param name the tool's name in its result, which some templates want; empty for none
 */
public record ChatMessage(
    Role role, String content, String reasoning, List<ToolCall> toolCalls, String toolCallId, String name) {
  /** Rejects null components. */
  public ChatMessage {
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(content, "content");
    Objects.requireNonNull(reasoning, "reasoning");
    Objects.requireNonNull(toolCallId, "toolCallId");
    Objects.requireNonNull(name, "name");
    toolCalls = List.copyOf(toolCalls);
  }

  /** A message of text alone. */
  public ChatMessage(Role role, String content) {
    this(role, content, "", List.of(), "", "");
  }

  /** What the application says. */
  public static ChatMessage system(String content) {
    return new ChatMessage(Role.SYSTEM, content);
  }

  /** What the person says. */
  public static ChatMessage user(String content) {
    return new ChatMessage(Role.USER, content);
  }

  /** What the model said. */
  public static ChatMessage assistant(String content) {
    return new ChatMessage(Role.ASSISTANT, content);
  }

  /** What a tool answered. */
  public static ChatMessage toolResult(ToolCall call, String result) {
    return new ChatMessage(Role.TOOL, result, "", List.of(), call.id(), call.name());
  }
}
