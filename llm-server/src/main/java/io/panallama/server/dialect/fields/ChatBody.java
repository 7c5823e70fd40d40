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
import io.panallama.server.registry.Lease;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The body of a conversation in OpenAI's shape, with llama-server's fields in addition to OpenAI's. Immutable.
 *
 * @param search the tool that searches files, if it is to be used
 * @param olderCalls whether the answer's calls have OpenAI's older names, since the body has them
 * @param topLogprobs how many alternatives to report with each token; -1 for no log-probabilities at all
 * @param hidesReasoning whether the answer leaves the model's reasoning out
 */
public record ChatBody(
    CommonFields common,
    List<ChatMessage> messages,
    Tools tools,
    Optional<FileSearchTool> search,
    boolean olderCalls,
    TemplateOptions template,
    int topLogprobs,
    boolean hidesReasoning) {
  /** Groq's word for reasoning that is not sent. */
  private static final String HIDDEN = "hidden";

  /**
   * Reads a body.
   *
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  public static ChatBody read(JsonFields body) {
    Turn turn = ChatTurn.read(body);
    List<ChatMessage> messages = ChatMessages.read(body, ChatTurn.isContinued(turn));
    ChatTurn.requireResults(body, messages);
    body.refuse("audio");
    checkModalities(body);
    boolean olderCalls = ChatTools.isOlder(body);
    Optional<FileSearchTool> search = FileSearchTool.read(body);
    Tools tools = ChatTools.readBesideSearch(body, search.isPresent());
    TemplateOptions template = template(body, turn);
    int topLogprobs = topLogprobs(body);
    boolean hidesReasoning = HIDDEN.equals(body.string("reasoning_format"));
    return new ChatBody(
        CommonFields.finish(body), messages, tools, search, olderCalls, template, topLogprobs, hidesReasoning);
  }

  /**
   * The conversation for a model to continue, with what the search in files finds.
   *
   * @throws ApiException if files are to be searched, and can't be
   * @throws InvalidRequestException if the core refuses a value, or values that contradict each other
   */
  public ChatRequest request(Lease lease, FileSearch files) {
    ChatRequest chat =
        ChatRequest.builder()
            .messages(messages)
            .tools(tools)
            .template(lease.model().template(template))
            .options(withLogprobs(common.options(lease.model(), lease.generator()), topLogprobs))
            .build();
    return files.ground(chat, lease);
  }

  /**
   * The conversation for a model that is not to continue it.
   *
   * @throws InvalidRequestException if the core refuses a value, or a part is larger than the server takes
   */
  public ChatRequest admitted(Lease lease) {
    ChatRequest chat = request(lease, new FileSearch(search));
    lease.admit(chat);
    return chat;
  }

  /** What the body calls the core's values, where a dialect has several names. */
  public Map<String, String> names() {
    Map<String, String> names = new HashMap<>(common.names());
    if (olderCalls) {
      names.put("tools.list", "functions");
      names.put("tools.choice", "function_call");
      for (int i = 0; i < tools.list().size(); i++) {
        names.put("tools.list[" + i + "].parameters", "functions[" + i + "].parameters");
      }
    }
    return names;
  }

  private static TemplateOptions template(JsonFields body, Turn turn) {
    TemplateOptions.Builder options = TemplateOptions.builder().turn(turn);
    String reasoning = body.string("reasoning_format");
    if (reasoning != null) {
      options.reasoning(reasoningFormat(reasoning));
    }
    Map<String, String> arguments = TemplateArguments.read(body);
    ThinkingFields thinking = ThinkingFields.read(body);
    if (thinking.on() != null) {
      options.thinking(thinking.on());
    }
    if (thinking.effort() != null) {
      String before = arguments.get("reasoning_effort");
      TemplateArguments.addEffort(arguments, "reasoning_effort", thinking.effort());
      JsonFields given = body.object("chat_template_kwargs");
      if (given != null && before != null && !before.equals(arguments.get("reasoning_effort"))) {
        given.contradicts("reasoning_effort", "another field about thinking");
      }
    }
    return ControlFields.readBudget(body, options.arguments(arguments).build());
  }

  private static ReasoningFormat reasoningFormat(String name) {
    return switch (name) {
      // Groq's words stand behind llama-server's.
      case "none", "raw" -> ReasoningFormat.NONE;
      case "auto", "parsed", HIDDEN -> ReasoningFormat.AUTO;
      case "deepseek" -> ReasoningFormat.DEEPSEEK;
      case "deepseek-legacy" -> ReasoningFormat.DEEPSEEK_LEGACY;
      default ->
          throw ApiException.invalid(
              "reasoning_format",
              "Unknown reasoning format \""
                  + JsonFields.shorten(name)
                  + "\"; known ones are none, auto, deepseek, deepseek-legacy, raw, parsed, hidden.");
    };
  }

  /**
   * How many alternatives to report; -1 for no log-probabilities at all. Some servers take a number of them in place of {@code
   * true}.
   */
  private static int topLogprobs(JsonFields body) {
    JsonNode given = body.any("logprobs");
    Integer number = given != null && given.isNumber() ? body.integer("logprobs", IntegerRange.TOP_LOGPROBS) : null;
    boolean wanted = number == null ? body.bool("logprobs") : number > 0;
    Integer top = body.nearestInteger("top_logprobs");
    Integer llamaServers = body.nearestInteger("n_probs");
    if (llamaServers != null && llamaServers > 0) {
      body.alias("top_logprobs", "n_probs");
    }
    if (top == null && llamaServers != null && llamaServers > 0) {
      return Math.min(llamaServers, GenerationOptions.MAX_TOP_LOGPROBS);
    }
    if (!wanted && top != null && top != 0) {
      throw ApiException.invalid("top_logprobs", "top_logprobs is only allowed when logprobs is true.");
    }
    if (!wanted) {
      return -1;
    }
    Integer within = body.integer("top_logprobs", IntegerRange.TOP_LOGPROBS);
    if (within != null) {
      return within;
    }
    return number == null ? 0 : number;
  }

  /** The core reports the chosen token only along with at least one alternative. */
  private static GenerationOptions withLogprobs(GenerationOptions options, int top) {
    return top < 0 ? options : options.toBuilder().topLogprobs(top == 0 ? 1 : top).build();
  }

  private static void checkModalities(JsonFields body) {
    JsonNode modalities = body.any("modalities");
    if (modalities == null) {
      return;
    }
    boolean textOnly = modalities.isArray();
    for (JsonNode modality : modalities) {
      textOnly &= "text".equals(modality.textValue());
    }
    if (!textOnly) {
      throw ApiException.invalid(
          400,
          "modalities",
          "unsupported_parameter",
          "modalities may only be [\"text\"]: other modalities are not supported by this version.");
    }
  }
}
