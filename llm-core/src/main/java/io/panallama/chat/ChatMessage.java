package io.panallama.chat;

import java.util.List;
import java.util.Objects;

/**
 * One turn of a conversation.
 *
 * <p>Text that looks like a special token, such as {@code <|im_end|>}, is plain text here: it can neither end a turn nor begin another.
 *
 * @param content the text; may be empty
 * @param reasoning the assistant's thinking before its answer, which not every template uses; empty for none
 * @param toolCalls the tool calls that the assistant requested
 * @param toolCallId the id of the call whose result a {@link Role#TOOL} message is; empty for none
 * @param name the tool's name in its result, which some templates need; empty for none
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

  /** A message with text only. */
  public ChatMessage(Role role, String content) {
    this(role, content, "", List.of(), "", "");
  }

  /** A message of the application. */
  public static ChatMessage system(String content) {
    return new ChatMessage(Role.SYSTEM, content);
  }

  /** A message of the user. */
  public static ChatMessage user(String content) {
    return new ChatMessage(Role.USER, content);
  }

  /** A message of the model. */
  public static ChatMessage assistant(String content) {
    return new ChatMessage(Role.ASSISTANT, content);
  }

  /** The result of a tool call. */
  public static ChatMessage toolResult(ToolCall call, String result) {
    return new ChatMessage(Role.TOOL, result, "", List.of(), call.id(), call.name());
  }
}
