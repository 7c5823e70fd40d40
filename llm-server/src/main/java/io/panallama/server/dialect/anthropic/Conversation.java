package io.panallama.server.dialect.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.PartTexts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code system} and {@code messages} into the core's messages.
 *
 * <p>A message of Anthropic's API may hold several of the core's: each tool result is one of its own, directly behind the calls that
 * it answers, and the user's text follows. Messages of one role in a row are one turn, as in Anthropic's API.
 */
final class Conversation {
  private final List<ChatMessage> messages = new ArrayList<>();

  /** The names of the tools that were called, by the ids of the calls; some templates need them in the results. */
  private final Map<String, String> toolNames = new HashMap<>();

  private Conversation() {}

  /**
   * The messages, at least one.
   *
   * @throws ApiException if there is none, or a part of them is wrong
   */
  static List<ChatMessage> read(JsonFields body) {
    JsonNode array = body.any("messages");
    if (array == null) {
      throw ApiException.invalid("messages", "messages is missing; at least one message is needed.");
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType("messages", array, "an array of messages");
    }
    Conversation conversation = new Conversation();
    for (int i = 0; i < array.size(); i++) {
      conversation.message(body.element(array, i, "messages"));
    }
    if (array.isEmpty()) {
      throw ApiException.invalid("messages", "messages is empty; at least one message is needed.");
    }
    if (conversation.messages.isEmpty()) {
      throw ApiException.invalid(
          "messages[0].content", "messages[0].content is empty; at least one message must say something.");
    }
    String system = system(body);
    if (!system.isEmpty()) {
      conversation.messages.addFirst(ChatMessage.system(system));
    }
    return conversation.messages;
  }

  private static String system(JsonFields body) {
    JsonNode system = body.any("system");
    if (system == null) {
      return "";
    }
    if (!system.isArray()) {
      return BillingHeader.withoutStamp(texts(body, system, "system"));
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < system.size(); i++) {
      texts.add(BillingHeader.withoutStamp(new ContentBlock(body.element(system, i, "system")).text()));
    }
    return PartTexts.lines(texts);
  }

  private static String texts(JsonFields fields, JsonNode content, String path) {
    if (content.isTextual()) {
      return JsonFields.string(content, path);
    }
    if (!content.isArray()) {
      throw JsonFields.wrongType(path, content, "a string or an array of content blocks");
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < content.size(); i++) {
      ContentBlock block = new ContentBlock(fields.element(content, i, path));
      String text = block.text();
      if (!block.isLeftOut()) {
        texts.add(text);
      }
    }
    return PartTexts.lines(texts);
  }

  private void message(JsonFields fields) {
    String role = fields.choice("role", List.of("user", "assistant", "system"));
    if (role == null) {
      throw ApiException.invalid(fields.path("role"), fields.path("role") + " is missing.");
    }
    JsonNode content = fields.any("content");
    // Clients send whole answers back.
    fields.accept("id", "type", "model", "stop_reason", "stop_sequence", "stop_details", "usage", "container");
    fields.ignoreUnknown();
    switch (role) {
      case "assistant" -> assistant(fields, content);
      case "user" -> user(fields, required(fields, content));
      default -> messages.add(ChatMessage.system(texts(fields, required(fields, content), fields.path("content"))));
    }
  }

  private static JsonNode required(JsonFields fields, @Nullable JsonNode content) {
    if (content == null) {
      throw ApiException.invalid(fields.path("content"), fields.path("content") + " is missing.");
    }
    return content;
  }

  private void user(JsonFields fields, JsonNode content) {
    String path = fields.path("content");
    if (!content.isArray()) {
      add(ChatMessage.user(texts(fields, content, path)));
      return;
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < content.size(); i++) {
      ContentBlock block = new ContentBlock(fields.element(content, i, path));
      if (block.isToolResult()) {
        messages.add(toolResult(block.fields()));
        continue;
      }
      String text = block.text();
      if (!block.isLeftOut()) {
        texts.add(text);
      }
    }
    if (!texts.isEmpty()) {
      add(ChatMessage.user(PartTexts.lines(texts)));
    }
  }

  private ChatMessage toolResult(JsonFields fields) {
    String id = fields.string("tool_use_id");
    if (id == null) {
      throw ApiException.invalid(fields.path("tool_use_id"), fields.path("tool_use_id") + " is missing.");
    }
    JsonNode content = fields.any("content");
    String text = content == null ? "" : texts(fields, content, fields.path("content"));
    if (fields.bool("is_error") && !text.regionMatches(true, 0, "error", 0, 5)) {
      text = text.isEmpty() ? "Error" : "Error: " + text;
    }
    fields.accept("cache_control", "toolset_name");
    fields.ignoreUnknown();
    String name = toolNames.getOrDefault(id, "");
    return new ChatMessage(Role.TOOL, text, "", List.of(), CallIds.core(id), name);
  }

  private void assistant(JsonFields fields, @Nullable JsonNode content) {
    if (content == null) {
      return;
    }
    String path = fields.path("content");
    if (!content.isArray()) {
      addAnswer(texts(fields, content, path), "", List.of());
      return;
    }
    StringBuilder text = new StringBuilder();
    StringBuilder reasoning = new StringBuilder();
    List<ToolCall> calls = new ArrayList<>();
    for (int i = 0; i < content.size(); i++) {
      ContentBlock block = new ContentBlock(fields.element(content, i, path));
      switch (block.type()) {
        case "thinking" -> reasoning.append(block.thinking());
        case "tool_use" -> calls.add(toolCall(block.fields()));
        // An answer whose text is interrupted by calls has several text blocks, which are one text.
        default -> text.append(block.text());
      }
    }
    addAnswer(text.toString(), reasoning.toString(), calls);
  }

  private ToolCall toolCall(JsonFields fields) {
    String id = fields.string("id");
    String name = fields.string("name");
    JsonNode input = fields.any("input");
    if (name == null) {
      throw ApiException.invalid(fields.path("name"), fields.path("name") + " is missing.");
    }
    if (input != null && !input.isObject()) {
      throw JsonFields.wrongType(fields.path("input"), input, "an object");
    }
    fields.accept("cache_control", "caller", "toolset_name");
    fields.ignoreUnknown();
    if (id != null) {
      toolNames.put(id, name);
    }
    return new ToolCall(id == null ? "" : CallIds.core(id), name, input == null ? "{}" : input.toString());
  }

  /** An answer without anything in it is none. */
  private void addAnswer(String text, String reasoning, List<ToolCall> calls) {
    if (!text.isEmpty() || !reasoning.isEmpty() || !calls.isEmpty()) {
      add(new ChatMessage(Role.ASSISTANT, text, reasoning, calls, "", ""));
    }
  }

  private void add(ChatMessage message) {
    ChatMessage last = messages.isEmpty() ? null : messages.getLast();
    if (last == null || last.role() != message.role()) {
      messages.add(message);
      return;
    }
    List<ToolCall> calls = new ArrayList<>(last.toolCalls());
    calls.addAll(message.toolCalls());
    String content =
        message.role() == Role.USER ? last.content() + "\n" + message.content() : last.content() + message.content();
    messages.set(
        messages.size() - 1,
        new ChatMessage(message.role(), content, last.reasoning() + message.reasoning(), calls, "", ""));
  }
}
