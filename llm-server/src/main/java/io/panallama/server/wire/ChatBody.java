package io.panallama.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.ChatMessage;
import io.panallama.ChatRequest;
import io.panallama.Role;
import io.panallama.server.ServedModel;
import java.util.ArrayList;
import java.util.List;

/** Reads the body of {@code POST /v1/chat/completions}. */
public final class ChatBody {
  /** OpenAI's fields that would change the answer and that this version can't carry out. */
  private static final List<String> UNSUPPORTED =
      List.of(
          "tools",
          "functions",
          "audio",
          "prediction",
          "web_search_options",
          "reasoning_effort",
          "verbosity",
          "logprobs",
          "top_logprobs");

  private ChatBody() {}

  /**
   * @see ApiRequest.Parser#parse
   */
  public static ApiRequest parse(JsonFields body, ServedModel model) {
    List<ChatMessage> messages = messages(body);
    for (String name : UNSUPPORTED) {
      refuse(body, name);
    }
    refuseUnless(body, "tool_choice", "none");
    refuseUnless(body, "function_call", "none");
    body.accept("parallel_tool_calls");
    checkModalities(body);
    checkResponseFormat(body);
    return CommonFields.finish(body, model, options -> new ChatRequest(messages, options));
  }

  private static List<ChatMessage> messages(JsonFields body) {
    JsonNode array = body.any("messages");
    if (array == null) {
      throw ApiException.invalid("messages", "messages is missing; at least one message is needed.");
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType("messages", array, "an array of messages");
    }
    List<ChatMessage> messages = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      String path = "messages[" + i + "]";
      if (!(array.get(i) instanceof ObjectNode object)) {
        throw JsonFields.wrongType(path, array.get(i), "an object");
      }
      messages.add(message(new JsonFields(object, path)));
    }
    return messages;
  }

  private static ChatMessage message(JsonFields fields) {
    Role role = role(fields);
    String content = content(fields);
    for (String name : List.of("tool_calls", "tool_call_id", "function_call", "name", "audio")) {
      refuse(fields, name);
    }
    // What OpenAI's answers carry and clients send back with the history.
    fields.accept("refusal", "annotations");
    fields.refuseUnknown();
    return new ChatMessage(role, content);
  }

  private static Role role(JsonFields fields) {
    String path = fields.path("role");
    String role = fields.string("role");
    if (role == null) {
      throw ApiException.invalid(path, path + " is missing.");
    }
    try {
      return Role.fromWireName(role);
    } catch (IllegalArgumentException unknown) {
      throw ApiException.invalid(path, String.valueOf(unknown.getMessage()));
    }
  }

  /** A string, or text parts, which are joined by line ends as llama.cpp does. */
  private static String content(JsonFields fields) {
    String path = fields.path("content");
    JsonNode content = fields.any("content");
    if (content == null) {
      throw ApiException.invalid(path, path + " is missing.");
    }
    if (!content.isArray()) {
      if (!content.isTextual()) {
        throw JsonFields.wrongType(path, content, "a string or an array of text parts");
      }
      return JsonFields.string(content, path);
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < content.size(); i++) {
      texts.add(textPart(content.get(i), path + "[" + i + "]"));
    }
    return String.join("\n", texts);
  }

  private static String textPart(JsonNode part, String path) {
    if (!(part instanceof ObjectNode object)) {
      throw JsonFields.wrongType(path, part, "an object");
    }
    JsonFields fields = new JsonFields(object, path);
    String type = fields.string("type");
    if (!"text".equals(type)) {
      throw ApiException.unsupported(fields.path("type"), "A content part of type \"" + type + "\"");
    }
    String text = fields.string("text");
    if (text == null) {
      throw ApiException.invalid(fields.path("text"), fields.path("text") + " is missing.");
    }
    fields.refuseUnknown();
    return text;
  }

  /** Refuses a field unless its value asks for nothing: null, false, 0, an empty array. */
  private static void refuse(JsonFields fields, String name) {
    JsonNode value = fields.any(name);
    boolean nothing =
        value == null
            || value.isBoolean() && !value.booleanValue()
            || value.isArray() && value.isEmpty()
            || value.isInt() && value.intValue() == 0;
    if (!nothing) {
      throw ApiException.unsupported(fields.path(name), fields.path(name));
    }
  }

  private static void refuseUnless(JsonFields fields, String name, String allowed) {
    JsonNode value = fields.any(name);
    if (value != null && !allowed.equals(value.textValue())) {
      throw ApiException.unsupported(name, name + " other than \"" + allowed + "\"");
    }
  }

  private static void checkModalities(JsonFields body) {
    JsonNode modalities = body.any("modalities");
    if (modalities == null) {
      return;
    }
    boolean textOnly = modalities.isArray() && modalities.size() == 1 && "text".equals(modalities.get(0).textValue());
    if (!textOnly) {
      throw ApiException.unsupported("modalities", "modalities other than [\"text\"]");
    }
  }

  private static void checkResponseFormat(JsonFields body) {
    JsonFields format = body.object("response_format");
    if (format != null && !"text".equals(format.string("type"))) {
      throw ApiException.unsupported("response_format", "response_format other than {\"type\": \"text\"}");
    }
  }
}
