package io.panallama.server.dialect.ollama;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.JsonFields;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the messages of a chat.
 *
 * <p>Ollama's calls need no ids and its results name their tool alone, but templates need ids: a call without one gets one, and a
 * result without one belongs to the first call of its tool that has none yet.
 */
final class OllamaMessages {
  private final List<ChatMessage> messages = new ArrayList<>();

  /** Calls whose results have not come. */
  private final List<ToolCall> open = new ArrayList<>();

  private int made;

  private OllamaMessages() {}

  /**
   * The messages; none if the model is only to be loaded.
   *
   * @throws ApiException if a part of them is wrong
   */
  static List<ChatMessage> read(JsonFields body) {
    JsonNode array = body.any("messages");
    if (array == null) {
      return List.of();
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType("messages", array, "an array of messages");
    }
    OllamaMessages reader = new OllamaMessages();
    for (int i = 0; i < array.size(); i++) {
      reader.message(body.element(array, i, "messages"), i == array.size() - 1);
    }
    return reader.messages;
  }

  private void message(JsonFields fields, boolean last) {
    String role = fields.choice("role", List.of("system", "user", "assistant", "tool", "developer"));
    if (role == null) {
      throw ApiException.invalid(fields.path("role"), fields.path("role") + " is missing.");
    }
    String content = text(fields, "content");
    String thinking = text(fields, "thinking");
    fields.refuse("images");
    List<ToolCall> calls = calls(fields);
    ChatMessage message =
        switch (role) {
          case "user" -> ChatMessage.user(content);
          case "assistant" -> new ChatMessage(Role.ASSISTANT, content, thinking, calls, "", "");
          case "tool" -> result(fields, content);
          default -> ChatMessage.system(content);
        };
    fields.ignoreUnknown();
    boolean empty = content.isEmpty() && thinking.isEmpty() && calls.isEmpty();
    if (message.role() != Role.ASSISTANT || !last || !empty) {
      messages.add(message);
    }
  }

  private static String text(JsonFields fields, String name) {
    String text = fields.string(name);
    return text == null ? "" : text;
  }

  private List<ToolCall> calls(JsonFields fields) {
    JsonNode array = fields.any("tool_calls");
    String path = fields.path("tool_calls");
    if (array == null) {
      return List.of();
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType(path, array, "an array of tool calls");
    }
    List<ToolCall> calls = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      calls.add(call(fields.element(array, i, path)));
    }
    open.addAll(calls);
    return calls;
  }

  private ToolCall call(JsonFields fields) {
    JsonFields function = fields.object("function");
    if (function == null) {
      throw ApiException.invalid(fields.path("function"), fields.path("function") + " is missing.");
    }
    String name = function.string("name");
    if (name == null) {
      throw ApiException.invalid(function.path("name"), function.path("name") + " is missing.");
    }
    JsonNode arguments = function.any("arguments");
    String json = arguments == null ? "" : arguments.isTextual() ? arguments.textValue() : arguments.toString();
    String id = text(fields, "id");
    fields.accept("type", "index");
    fields.ignoreUnknown();
    function.accept("index", "description");
    function.ignoreUnknown();
    return new ToolCall(id.isEmpty() ? newId() : id, name, json.isEmpty() ? "{}" : json);
  }

  /** Nine letters and digits, which the templates of Mistral's models insist on. */
  private String newId() {
    return String.format("call%05d", made++);
  }

  private ChatMessage result(JsonFields fields, String content) {
    String id = text(fields, "tool_call_id");
    String name = text(fields, "tool_name");
    String older = text(fields, "name");
    String tool = name.isEmpty() ? older : name;
    ToolCall answered = null;
    for (ToolCall call : open) {
      boolean fits = id.isEmpty() ? tool.isEmpty() || tool.equals(call.name()) : id.equals(call.id());
      if (fits) {
        answered = call;
        break;
      }
    }
    if (answered == null) {
      return new ChatMessage(Role.TOOL, content, "", List.of(), id, tool);
    }
    open.remove(answered);
    return ChatMessage.toolResult(answered, content);
  }
}
