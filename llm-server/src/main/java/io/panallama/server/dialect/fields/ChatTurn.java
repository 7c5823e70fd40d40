package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions.Turn;
import io.panallama.server.dialect.ApiException;
import java.util.List;

/**
 * Reads where the answer of a conversation begins: llama-server's {@code add_generation_prompt} and {@code
 * continue_final_message}. As there, a last message of the assistant is continued unless the client says otherwise.
 */
public final class ChatTurn {
  private static final String PROMPT = "add_generation_prompt";
  private static final String MESSAGES = "messages";
  private static final String CONTINUE = "continue_final_message";

  private ChatTurn() {}

  /**
   * Where the answer begins by the last message alone: the assistant's is continued.
   *
   * @param field the name of the messages
   * @param call what this API calls a call of a tool
   * @param result what it calls the result of one
   * @throws ApiException if it calls tools: without their results there is nothing to answer
   */
  public static Turn after(ChatMessage last, String field, String call, String result) {
    if (last.role() != Role.ASSISTANT) {
      return Turn.NEW;
    }
    if (!last.toolCalls().isEmpty()) {
      throw unanswered(field, call, result, "");
    }
    return Turn.CONTINUED;
  }

  /**
   * Does nothing if there is something to answer.
   *
   * @throws ApiException if the last message calls tools, unless the client says where the answer begins
   */
  static void requireResults(JsonFields body, List<ChatMessage> messages) {
    boolean said = body.any(PROMPT) != null || body.any(CONTINUE) != null;
    if (said || messages.isEmpty()) {
      return;
    }
    ChatMessage last = messages.getLast();
    if (last.role() == Role.ASSISTANT && !last.toolCalls().isEmpty()) {
      throw unanswered(
          MESSAGES,
          "tool_calls",
          "a message of the role \"tool\" with the result",
          ". Set " + PROMPT + " to true for a new message of the assistant");
    }
  }

  private static ApiException unanswered(String field, String call, String result, String otherwise) {
    return ApiException.invalid(
        field,
        field
            + " ends with "
            + call
            + "; "
            + result
            + " must come next, so that there is something to answer"
            + otherwise
            + ".");
  }

  static Turn read(JsonFields body) {
    JsonNode prompt = body.any(PROMPT);
    if (prompt != null && !prompt.isBoolean()) {
      throw JsonFields.wrongType(PROMPT, prompt, "true or false");
    }
    JsonNode continued = body.any(CONTINUE);
    boolean newTurn = prompt != null && prompt.booleanValue();
    if (continued == null) {
      if (!newTurn && endsWithAssistant(body)) {
        return Turn.CONTINUED;
      }
      return prompt == null || newTurn ? Turn.NEW : Turn.OPEN;
    }
    if (continued.isBoolean() && !continued.booleanValue()) {
      return prompt == null || newTurn ? Turn.NEW : Turn.OPEN;
    }
    if (newTurn) {
      throw ApiException.invalid(CONTINUE, CONTINUE + " and " + PROMPT + " exclude each other.");
    }
    if (continued.isBoolean()) {
      return Turn.CONTINUED;
    }
    return switch (continued.asText()) {
      case "content" -> Turn.CONTINUED_TEXT;
      case "reasoning_content" -> Turn.CONTINUED_REASONING;
      default -> throw JsonFields.noneOf(CONTINUE, continued, "true, false, \"content\" or \"reasoning_content\"");
    };
  }

  static boolean isContinued(Turn turn) {
    return switch (turn) {
      case NEW, OPEN -> false;
      case CONTINUED, CONTINUED_TEXT, CONTINUED_REASONING -> true;
    };
  }

  /**
   * Whether the last message is one of the assistant that can go on: one that calls tools is complete.
   *
   * @throws ApiException if the message before it is the assistant's, too, so that it is unclear which goes on
   */
  private static boolean endsWithAssistant(JsonFields body) {
    JsonNode messages = body.any(MESSAGES);
    if (messages == null || !messages.isArray() || messages.isEmpty()) {
      return false;
    }
    int last = messages.size() - 1;
    if (!isAssistant(messages.get(last)) || calls(messages.get(last))) {
      return false;
    }
    if (last > 0 && isAssistant(messages.get(last - 1))) {
      throw ApiException.invalid(
          MESSAGES,
          "messages ends with two messages of the assistant; the last one is continued, so the one before must be"
              + " another role's. Join them, or set "
              + PROMPT
              + " to true for a new message.");
    }
    return true;
  }

  private static boolean isAssistant(JsonNode message) {
    return "assistant".equals(message.path("role").textValue());
  }

  private static boolean calls(JsonNode message) {
    return !message.path("tool_calls").isEmpty() || message.path("function_call").isObject();
  }
}
