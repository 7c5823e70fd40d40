package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the messages of a chat request.
 *
 * <p>Clients send answers back as they got them, from this server or from others, so fields that only answers have are taken
 * without mention; what a message asks for and the model can't use is ignored and named.
 */
public final class ChatMessages {
  /** Between the text parts of a message, as in llama.cpp where the template takes one text ({@code concat_content_parts}). */
  private static final String BETWEEN_PARTS = "\n";

  /** Between the text parts of a message that is continued, as in llama.cpp ({@code common_chat_msg::render_content}). */
  private static final String BETWEEN_CONTINUED_PARTS = "\n\n";

  /** What answers of OpenAI, llama-server, OpenRouter and agent frameworks carry and a prompt has no place for. */
  private static final String[] ECHOES = {
    "refusal",
    "parsed",
    "annotations",
    "reasoning_details",
    "provider_specific_fields",
    "id",
    "index",
    "object",
    "status",
    "created",
    "created_at",
    "createdAt",
    "timestamp",
    "model",
    "usage",
    "finish_reason"
  };

  /** The type of a tool whose input is a text. */
  private static final String CUSTOM = "custom";

  private static final Set<String> TEXT_TYPES = Set.of("text", "input_text", "output_text");
  private static final Set<String> THINKING_TYPES = Set.of("thinking", "reasoning");

  private ChatMessages() {}

  /**
   * Reads {@code messages}.
   *
   * @throws ApiException if they are missing, or a part of them is wrong
   */
  public static List<ChatMessage> read(JsonFields body) {
    return read(body, false);
  }

  /**
   * Reads {@code messages}.
   *
   * @param continued whether the answer goes on with the last one
   * @throws ApiException if they are missing, or a part of them is wrong
   */
  static List<ChatMessage> read(JsonFields body, boolean continued) {
    JsonNode array = body.any("messages");
    if (array == null) {
      throw ApiException.invalid("messages", "messages is missing; at least one message is needed.");
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType("messages", array, "an array of messages");
    }
    List<ChatMessage> messages = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      boolean goesOn = continued && i == array.size() - 1;
      messages.add(message(body.element(array, i, "messages"), goesOn ? BETWEEN_CONTINUED_PARTS : BETWEEN_PARTS));
    }
    return messages;
  }

  private static ChatMessage message(JsonFields fields, String delimiter) {
    Role role = role(fields);
    List<ToolCall> calls = toolCalls(fields, role);
    String reasoning = reasoning(fields);
    Content content = content(fields, delimiter);
    if (content == null) {
      // Absent is the same as null, which clients send for a message of calls or without a text.
      content = new Content(role == Role.ASSISTANT ? optionalText(fields, "refusal") : "", "");
    }
    String callId = text(fields, "tool_call_id");
    String name = text(fields, "name");
    refuseMedia(fields);
    fields.accept(ECHOES);
    fields.ignoreUnknown();
    return new ChatMessage(
        role, content.text(), reasoning.isEmpty() ? content.reasoning() : reasoning, calls, callId, name);
  }

  /** Media beside the content, as Ollama's clients send them; an empty list asks for nothing. */
  private static void refuseMedia(JsonFields fields) {
    JsonNode images = fields.any("images");
    if (images != null && !images.isEmpty()) {
      throw ApiException.invalid(
          400,
          fields.path("images"),
          "unsupported_parameter",
          fields.path("images") + " is not supported: this model takes text only.");
    }
    if (fields.any("audio") != null) {
      fields.ignored().unsupported(fields.path("audio"), "Audio is not supported: this model takes text only.");
    }
  }

  private static String text(JsonFields fields, String name) {
    String text = fields.string(name);
    return text == null ? "" : text;
  }

  /** A text that may as well be missing or something else. */
  private static String optionalText(JsonFields fields, String name) {
    JsonNode value = fields.any(name);
    return value != null && value.isTextual() ? JsonFields.string(value, fields.path(name)) : "";
  }

  /** The thinking under llama-server's and DeepSeek's name, or under OpenRouter's and vLLM's. */
  private static String reasoning(JsonFields fields) {
    String reasoning = text(fields, "reasoning_content");
    return reasoning.isEmpty() ? optionalText(fields, "reasoning") : reasoning;
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
      // OpenAI's older name for the result of a call.
      case "tool", "function" -> Role.TOOL;
      default ->
          throw ApiException.invalid(
              path,
              "Unknown role \""
                  + JsonFields.shorten(role)
                  + "\"; known roles are system, user, assistant, tool, developer, function.");
    };
  }

  private static List<ToolCall> toolCalls(JsonFields fields, Role role) {
    String path = fields.path("tool_calls");
    JsonNode array = fields.any("tool_calls");
    JsonFields older = fields.object("function_call");
    if (array == null || array.isArray() && array.isEmpty()) {
      if (older == null) {
        return List.of();
      }
      requireAssistant(role, fields.path("function_call"));
      return List.of(function(older, ""));
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType(path, array, "an array of tool calls");
    }
    requireAssistant(role, path);
    List<ToolCall> calls = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      calls.add(toolCall(fields.element(array, i, path)));
    }
    return calls;
  }

  private static void requireAssistant(Role role, String path) {
    if (role != Role.ASSISTANT) {
      throw ApiException.invalid(path, path + " is only allowed in a message of the assistant.");
    }
  }

  private static ToolCall toolCall(JsonFields fields) {
    if (CUSTOM.equals(fields.string("type"))) {
      return customCall(fields);
    }
    ChatTools.requireFunction(fields);
    JsonFields function = fields.object("function");
    if (function == null) {
      throw ApiException.invalid(fields.path("function"), fields.path("function") + " is missing.");
    }
    String id = optionalText(fields, "id");
    // Streams carry the index, and clients send it back.
    fields.accept("index", "parsed_arguments", "provider_specific_fields");
    fields.ignoreUnknown();
    return function(function, id);
  }

  /**
   * A call of a tool whose input is a text, which the model can't call here. What it did with it stays readable, with the input as
   * an argument, and so does the result that belongs to it.
   */
  private static ToolCall customCall(JsonFields fields) {
    JsonFields custom = fields.object(CUSTOM);
    if (custom == null) {
      throw ApiException.invalid(fields.path(CUSTOM), fields.path(CUSTOM) + " is missing.");
    }
    String input = text(custom, "input");
    ToolCall call =
        new ToolCall(
            optionalText(fields, "id"), required(custom, "name"), "{\"input\": " + JsonFields.quoted(input) + "}");
    fields.accept("index");
    custom.ignoreUnknown();
    fields.ignoreUnknown();
    return call;
  }

  /** A call's name and arguments; those are a JSON object as a text, by OpenAI's API, or as it is, by Ollama's. */
  private static ToolCall function(JsonFields function, String id) {
    String name = function.string("name");
    if (name == null) {
      throw ApiException.invalid(function.path("name"), function.path("name") + " is missing.");
    }
    JsonNode arguments = function.any("arguments");
    String json =
        arguments == null
            ? ""
            : arguments.isTextual() ? JsonFields.string(arguments, function.path("arguments")) : arguments.toString();
    function.accept("parsed_arguments", "index");
    function.ignoreUnknown();
    return new ToolCall(id, name, json.isBlank() ? "{}" : json);
  }

  private record Content(String text, String reasoning) {}

  /** A string, or text parts; null if there is no content. */
  private static @Nullable Content content(JsonFields fields, String delimiter) {
    String path = fields.path("content");
    JsonNode content = fields.any("content");
    if (content == null) {
      return null;
    }
    if (!content.isArray()) {
      if (!content.isTextual()) {
        throw JsonFields.wrongType(path, content, "a string or an array of text parts");
      }
      return new Content(JsonFields.string(content, path), "");
    }
    List<String> texts = new ArrayList<>();
    StringBuilder reasoning = new StringBuilder();
    for (int i = 0; i < content.size(); i++) {
      part(fields.element(content, i, path), texts, reasoning);
    }
    return new Content(PartTexts.joined(texts, delimiter), reasoning.toString());
  }

  private static void part(JsonFields fields, List<String> texts, StringBuilder reasoning) {
    String type = fields.string("type");
    fields.accept("role", "id", "annotations", "logprobs", "status");
    if (type != null && THINKING_TYPES.contains(type)) {
      String thought = optionalText(fields, type);
      reasoning.append(thought.isEmpty() ? optionalText(fields, "text") : thought);
      fields.accept("signature");
    } else if ("refusal".equals(type)) {
      texts.add(required(fields, "refusal"));
    } else if (type == null ? fields.any("text") != null : TEXT_TYPES.contains(type)) {
      texts.add(required(fields, "text"));
      fields.accept("refusal");
    } else {
      throw ApiException.invalid(
          400,
          fields.path("type"),
          "unsupported_parameter",
          "A content part "
              + (type == null ? "without a type" : "of type \"" + JsonFields.shorten(type) + "\"")
              + " is not supported: this model takes text only.");
    }
    fields.ignoreUnknown();
  }

  private static String required(JsonFields fields, String name) {
    String text = fields.string(name);
    if (text == null) {
      throw ApiException.invalid(fields.path(name), fields.path(name) + " is missing.");
    }
    return text;
  }
}
