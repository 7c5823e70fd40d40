package io.panallama.request;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import java.util.List;
import java.util.Objects;

/**
 * A conversation to be continued by the assistant, rendered by the model's own chat template.
 *
 * @param messages at least one, in order
 * @param tools what the model may ask to have called
 * @param template how the conversation is rendered and the answer read
 */
public record ChatRequest(List<ChatMessage> messages, Tools tools, TemplateOptions template, GenerationOptions options)
    implements GenerationRequest {
  /**
   * @throws InvalidRequestException if {@code messages} is empty, or tools meet a response format that leaves no room for
   *     their calls
   */
  public ChatRequest {
    messages = List.copyOf(messages);
    Objects.requireNonNull(tools, "tools");
    Objects.requireNonNull(template, "template");
    Objects.requireNonNull(options, "options");
    if (messages.isEmpty()) {
      throw new InvalidRequestException("messages", "messages is empty; at least one message is needed.");
    }
    if (tools.callable() && !(options.format() instanceof ResponseFormat.Text)) {
      throw new InvalidRequestException(
          "response_format",
          "response_format other than text leaves no room for tool calls; leave one out or set tool_choice to none.");
    }
  }

  /** A conversation without tools. */
  public ChatRequest(List<ChatMessage> messages, GenerationOptions options) {
    this(messages, Tools.none(), TemplateOptions.defaults(), options);
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
  @Override
  public ChatRequest with(GenerationOptions newOptions) {
    return new ChatRequest(messages, tools, template, newOptions);
  }

  /** The same conversation with these tools. */
  public ChatRequest with(Tools newTools) {
    return new ChatRequest(messages, newTools, template, options);
  }

  /** The same conversation, rendered another way. */
  public ChatRequest with(TemplateOptions newTemplate) {
    return new ChatRequest(messages, tools, newTemplate, options);
  }
}
