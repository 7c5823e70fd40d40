package io.panallama.request;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A conversation to be continued by the assistant, rendered by the model's own chat template. Immutable and
 * thread-safe.
 */
public final class ChatRequest implements GenerationRequest {
  private final List<ChatMessage> messages;
  private final Tools tools;
  private final TemplateOptions template;
  private final GenerationOptions options;

  private ChatRequest(Builder from) {
    messages = from.messages;
    tools = from.tools;
    template = from.template;
    options = from.options;
    if (messages.isEmpty()) {
      throw new InvalidRequestException("messages", name("messages") + " is empty; at least one message is needed.");
    }
    if (tools.callable() && options.format() instanceof ResponseFormat.Gbnf) {
      throw new InvalidRequestException(
          "format",
          name("format")
              + " of a grammar leaves no room for tool calls; leave one out or set "
              + name("tools.choice")
              + " to none.");
    }
  }

  /** A builder without messages, without tools and with default options. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** One user message with default options. */
  public static ChatRequest of(String userMessage) {
    return of(ChatMessage.user(userMessage));
  }

  /** A conversation with default options. */
  public static ChatRequest of(ChatMessage... messages) {
    return builder().messages(List.of(messages)).build();
  }

  /** A conversation without tools. */
  public static ChatRequest of(List<ChatMessage> messages, GenerationOptions options) {
    return builder().messages(messages).options(options).build();
  }

  /** The same conversation with other options. */
  @Override
  public ChatRequest with(GenerationOptions newOptions) {
    return toBuilder().options(newOptions).build();
  }

  /** The same conversation with these tools. */
  public ChatRequest with(Tools newTools) {
    return toBuilder().tools(newTools).build();
  }

  /** The same conversation, rendered another way. */
  public ChatRequest with(TemplateOptions newTemplate) {
    return toBuilder().template(newTemplate).build();
  }

  /** The messages in order, at least one. */
  public List<ChatMessage> messages() {
    return messages;
  }

  /** The tools that the model may call. */
  public Tools tools() {
    return tools;
  }

  /** How the conversation is rendered and the answer read. */
  public TemplateOptions template() {
    return template;
  }

  /** Limits, sampling and stops. */
  @Override
  public GenerationOptions options() {
    return options;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ChatRequest that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "ChatRequest" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("messages", messages);
    all.put("tools", tools);
    all.put("template", template);
    all.put("options", options);
    return all;
  }

  /** Collects the components of a {@link ChatRequest}. Not thread-safe. */
  public static final class Builder {
    private List<ChatMessage> messages = List.of();
    private Tools tools = Tools.none();
    private TemplateOptions template = TemplateOptions.defaults();
    private GenerationOptions options = GenerationOptions.defaults();

    private Builder() {}

    private Builder(ChatRequest from) {
      messages = from.messages;
      tools = from.tools;
      template = from.template;
      options = from.options;
    }

    /** Sets {@link ChatRequest#messages()}. */
    public Builder messages(List<ChatMessage> value) {
      messages = List.copyOf(value);
      return this;
    }

    /** Sets {@link ChatRequest#tools()}. */
    public Builder tools(Tools value) {
      tools = Objects.requireNonNull(value, "tools");
      return this;
    }

    /** Sets {@link ChatRequest#template()}. */
    public Builder template(TemplateOptions value) {
      template = Objects.requireNonNull(value, "template");
      return this;
    }

    /** Sets {@link ChatRequest#options()}. */
    public Builder options(GenerationOptions value) {
      options = Objects.requireNonNull(value, "options");
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws InvalidRequestException if there is no message, or if a response format leaves no room for tool calls
     */
    public ChatRequest build() {
      return new ChatRequest(this);
    }
  }
}
