package io.panallama;

import java.util.List;
import java.util.Objects;

/**
 * A conversation to be continued by the assistant, rendered by the model's own chat template.
 *
 * @param messages at least one, in order
 */
public record ChatRequest(List<ChatMessage> messages, GenerationOptions options) implements GenerationRequest {
  /**
   * @throws InvalidRequestException if {@code messages} is empty
   */
  public ChatRequest {
    messages = List.copyOf(messages);
    Objects.requireNonNull(options, "options");
    if (messages.isEmpty()) {
      throw new InvalidRequestException("messages", "messages is empty; at least one message is needed.");
    }
  }

  /** One user message with default options. */
  public static ChatRequest of(String userMessage) {
    return of(ChatMessage.user(userMessage));
  }

  /** A conversation with default options. */
  public static ChatRequest of(ChatMessage... messages) {
    return new ChatRequest(List.of(messages), GenerationOptions.defaults());
  }

  /** The same conversation with other options. */
  public ChatRequest with(GenerationOptions newOptions) {
    return new ChatRequest(messages, newOptions);
  }
}
