package io.panallama.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.TemplateOptions.Turn;
import io.panallama.chat.Tools;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.server.ServedModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads the body of {@code POST /v1/chat/completions} and {@code POST /apply-template}. */
public final class ChatBody {
  /** OpenAI's fields that would change the answer and that this version can't carry out. */
  private static final List<String> UNSUPPORTED =
      List.of("functions", "audio", "prediction", "web_search_options", "verbosity");

  private ChatBody() {}

  /**
   * @see ApiRequest.Parser#parse
   */
  public static ApiRequest parse(JsonFields body, ServedModel model) {
    List<ChatMessage> messages = ChatMessages.read(body);
    for (String name : UNSUPPORTED) {
      refuse(body, name);
    }
    refuseUnless(body, "function_call", "none");
    checkModalities(body);
    Tools tools = ChatTools.read(body);
    TemplateOptions template = template(body);
    int topLogprobs = topLogprobs(body);
    return CommonFields.finish(
        body, model, options -> new ChatRequest(messages, tools, template, withLogprobs(options, topLogprobs)));
  }

  private static TemplateOptions template(JsonFields body) {
    TemplateOptions options = TemplateOptions.defaults().withTurn(turn(body));
    String reasoning = body.string("reasoning_format");
    if (reasoning != null) {
      try {
        options = options.withReasoning(ReasoningFormat.fromWireName(reasoning));
      } catch (IllegalArgumentException unknown) {
        throw ApiException.invalid("reasoning_format", String.valueOf(unknown.getMessage()));
      }
    }
    Map<String, String> arguments = new HashMap<>();
    JsonFields given = body.object("chat_template_kwargs");
    if (given != null) {
      given.forEach((name, value) -> arguments.put(name, value.toString()));
    }
    String effort = body.string("reasoning_effort");
    if ("none".equals(effort)) {
      options = options.withThinking(false);
    } else if (effort != null) {
      arguments.put("reasoning_effort", JsonFields.quoted(effort));
    }
    return ControlFields.readBudget(body, options.withArguments(arguments));
  }

  /** llama-server's two fields. A conversation that ends with the assistant is continued where the client says so. */
  private static Turn turn(JsonFields body) {
    JsonNode prompt = body.any("add_generation_prompt");
    if (prompt != null && !prompt.isBoolean()) {
      throw JsonFields.wrongType("add_generation_prompt", prompt, "true or false");
    }
    JsonNode continued = body.any("continue_final_message");
    if (continued == null || continued.isBoolean() && !continued.booleanValue()) {
      return prompt != null && !prompt.booleanValue() ? Turn.OPEN : Turn.NEW;
    }
    if (prompt != null && prompt.booleanValue()) {
      throw ApiException.invalid(
          "continue_final_message", "continue_final_message and add_generation_prompt exclude each other.");
    }
    if (continued.isBoolean()) {
      return Turn.CONTINUED;
    }
    return switch (continued.asText()) {
      case "content" -> Turn.CONTINUED_TEXT;
      case "reasoning_content" -> Turn.CONTINUED_REASONING;
      default ->
          throw JsonFields.wrongType(
              "continue_final_message", continued, "true, false, \"content\" or \"reasoning_content\"");
    };
  }

  /** How many alternatives to report; -1 for no log-probabilities at all. */
  private static int topLogprobs(JsonFields body) {
    boolean wanted = body.bool("logprobs");
    Integer top = body.integer("top_logprobs");
    if (!wanted && top != null && top != 0) {
      throw ApiException.invalid("top_logprobs", "top_logprobs is only allowed when logprobs is true.");
    }
    if (!wanted) {
      return -1;
    }
    return top == null ? 0 : top;
  }

  /** The core reports the token that was chosen along with one alternative at least. */
  private static GenerationOptions withLogprobs(GenerationOptions options, int top) {
    return top < 0 ? options : options.withTopLogprobs(top == 0 ? 1 : top);
  }

  /** Refuses a field unless its value asks for nothing: null, false, 0, an empty array. */
  static void refuse(JsonFields fields, String name) {
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
}
