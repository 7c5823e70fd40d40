package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.List;

/** Reads the messages of a chat request. */
public final class ChatMessages {
  private ChatMessages() {}

  /**
   * Reads {@code messages}.
   *
   * @throws ApiException if they are missing, or a part of them is wrong
   */
  public static List<ChatMessage> read(JsonFields body) {
    JsonNode array = body.any("messages");
    if (array == null) {
      throw ApiException.invalid("messages", "messages is missing; at least one message is needed.");
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType("messages", array, "an array of messages");
    }
    List<ChatMessage> messages = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      messages.add(message(body.element(array, i, "messages")));
    }
    return messages;
  }

  private static ChatMessage message(JsonFields fields) {
    Role role = role(fields);
    List<ToolCall> calls = toolCalls(fields, role);
    String content = content(fields, calls.isEmpty());
    String reasoning = text(fields, "reasoning_content");
    String callId = text(fields, "tool_call_id");
    String name = text(fields, "name");
    for (String unsupported : List.of("function_call", "audio")) {
      fields.refuse(unsupported);
    }
    // OpenAI's answers carry these, and clients send them back with the history.
    fields.accept("refusal", "annotations");
    fields.ignoreUnknown();
    return new ChatMessage(role, content, reasoning, calls, callId, name);
  }

  private static String text(JsonFields fields, String name) {
    String text = fields.string(name);
    return text == null ? "" : text;
  }

  private static Role role(JsonFields fields) {
    String path = fields.path("role");
    String role = fields.string("role");
    if (role == null) {
      throw ApiException.invalid(path, path + " is missing.");
    }
    return switch (role) {
      // OpenAI's newer name for the system role.
      case "system", "developer" -> Role.SYSTEM;
      case "user" -> Role.USER;
      case "assistant" -> Role.ASSISTANT;
      case "tool" -> Role.TOOL;
      default ->
          throw ApiException.invalid(
              path,
              "Unknown role \""
                  + JsonFields.shorten(role)
                  + "\"; known roles are system, user, assistant, tool, developer.");
    };
  }

  private static List<ToolCall> toolCalls(JsonFields fields, Role role) {
    String path = fields.path("tool_calls");
    JsonNode array = fields.any("tool_calls");
    if (array == null || array.isArray() && array.isEmpty()) {
      return List.of();
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType(path, array, "an array of tool calls");
    }
    if (role != Role.ASSISTANT) {
      throw ApiException.invalid(path, path + " is only allowed in a message of the assistant.");
    }
    List<ToolCall> calls = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      calls.add(toolCall(fields.element(array, i, path)));
    }
    return calls;
  }

  private static ToolCall toolCall(JsonFields fields) {
    ChatTools.requireFunction(fields);
    JsonFields function = fields.object("function");
    if (function == null) {
      throw ApiException.invalid(fields.path("function"), fields.path("function") + " is missing.");
    }
    String name = function.string("name");
    if (name == null) {
      throw ApiException.invalid(function.path("name"), function.path("name") + " is missing.");
    }
    String id = text(fields, "id");
    JsonNode arguments = function.any("arguments");
    String json = arguments == null ? "{}" : arguments.isTextual() ? arguments.textValue() : arguments.toString();
    // Streams carry it, and clients send it back.
    fields.accept("index");
    fields.ignoreUnknown();
    function.ignoreUnknown();
    return new ToolCall(id, name, json);
  }

  /** A string, or text parts, which are joined by line ends as in llama.cpp. */
  private static String content(JsonFields fields, boolean required) {
    String path = fields.path("content");
    JsonNode content = fields.any("content");
    if (content == null) {
      if (required) {
        throw ApiException.invalid(path, path + " is missing.");
      }
      return "";
    }
    if (!content.isArray()) {
      if (!content.isTextual()) {
        throw JsonFields.wrongType(path, content, "a string or an array of text parts");
      }
      return JsonFields.string(content, path);
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < content.size(); i++) {
      texts.add(textPart(fields.element(content, i, path)));
    }
    return String.join("\n", texts);
  }

  private static String textPart(JsonFields fields) {
    String type = fields.string("type");
    if (!"text".equals(type)) {
      throw ApiException.unsupported(fields.path("type"), "A content part of type \"" + type + "\"");
    }
    String text = fields.string("text");
    if (text == null) {
      throw ApiException.invalid(fields.path("text"), fields.path("text") + " is missing.");
    }
    fields.ignoreUnknown();
    return text;
  }
}
