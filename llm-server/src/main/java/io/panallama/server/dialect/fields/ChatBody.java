package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.TemplateOptions.Turn;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.registry.ServedModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The body of a conversation in OpenAI's shape, with llama-server's fields in addition to OpenAI's. Immutable.
 *
 * @param topLogprobs how many alternatives to report with each token; -1 for no log-probabilities at all
 */
public record ChatBody(
    CommonFields common, List<ChatMessage> messages, Tools tools, TemplateOptions template, int topLogprobs) {
  /** OpenAI's fields that would change the answer and that this version does not support. */
  private static final List<String> UNSUPPORTED =
      List.of("functions", "audio", "prediction", "web_search_options", "verbosity");

  /**
   * Reads a body.
   *
   * @throws ApiException if a field is wrong, unknown or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  public static ChatBody read(JsonFields body) {
    List<ChatMessage> messages = ChatMessages.read(body);
    for (String name : UNSUPPORTED) {
      body.refuse(name);
    }
    refuseUnless(body, "function_call", "none");
    checkModalities(body);
    Tools tools = ChatTools.read(body);
    TemplateOptions template = template(body);
    int topLogprobs = topLogprobs(body);
    return new ChatBody(CommonFields.finish(body), messages, tools, template, topLogprobs);
  }

  /**
   * The conversation for this model to continue.
   *
   * @throws InvalidRequestException if the core refuses a value, or values that contradict each other
   */
  public ChatRequest request(ServedModel model) {
    return ChatRequest.builder()
        .messages(messages)
        .tools(tools)
        .template(model.template(template))
        .options(withLogprobs(common.options(model), topLogprobs))
        .build();
  }

  private static TemplateOptions template(JsonFields body) {
    TemplateOptions options = TemplateOptions.builder().turn(turn(body)).build();
    String reasoning = body.string("reasoning_format");
    if (reasoning != null) {
      options = options.toBuilder().reasoning(reasoningFormat(reasoning)).build();
    }
    Map<String, String> arguments = new HashMap<>();
    JsonFields given = body.object("chat_template_kwargs");
    if (given != null) {
      given.forEach((name, value) -> arguments.put(name, value.toString()));
    }
    String effort = body.string("reasoning_effort");
    if ("none".equals(effort)) {
      options = options.toBuilder().thinking(false).build();
    } else if (effort != null) {
      arguments.put("reasoning_effort", JsonFields.quoted(effort));
    }
    return ControlFields.readBudget(body, options.toBuilder().arguments(arguments).build());
  }

  private static ReasoningFormat reasoningFormat(String name) {
    return switch (name) {
      case "none" -> ReasoningFormat.NONE;
      case "auto" -> ReasoningFormat.AUTO;
      case "deepseek" -> ReasoningFormat.DEEPSEEK;
      case "deepseek-legacy" -> ReasoningFormat.DEEPSEEK_LEGACY;
      default ->
          throw ApiException.invalid(
              "reasoning_format",
              "Unknown reasoning format \""
                  + JsonFields.shorten(name)
                  + "\"; known ones are none, auto, deepseek, deepseek-legacy.");
    };
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
    if (top != null && top < 0) {
      throw ApiException.invalid("top_logprobs", "top_logprobs is " + top + "; it must be 0 or more.");
    }
    return top == null ? 0 : top;
  }

  /** The core reports the chosen token only along with at least one alternative. */
  private static GenerationOptions withLogprobs(GenerationOptions options, int top) {
    return top < 0 ? options : options.toBuilder().topLogprobs(top == 0 ? 1 : top).build();
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
