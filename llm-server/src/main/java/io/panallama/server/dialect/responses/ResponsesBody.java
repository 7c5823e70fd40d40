package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.TemplateOptions;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.ChatTurn;
import io.panallama.server.dialect.fields.CommonFields;
import io.panallama.server.dialect.fields.FileSearch;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.TemplateArguments;
import io.panallama.server.dialect.fields.TokenLimit;
import io.panallama.server.keys.KeyIdentity;
import io.panallama.server.registry.Lease;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /v1/responses}. Immutable.
 *
 * @param common the fields that all generations have in common
 * @param own the generation's options of this API; the common ones hold where it has none
 * @param messages the conversation, with that of the response before it
 * @param turns what the response is made from, for the store
 * @param echo the fields that a response repeats
 * @param store whether the response is to be kept
 * @param background whether the client does not wait for it
 */
record ResponsesBody(
    CommonFields common,
    OwnOptions own,
    List<ChatMessage> messages,
    ResponseTools tools,
    TemplateOptions template,
    Shape shape,
    List<ResponseStore.Turn> turns,
    ObjectNode echo,
    boolean store,
    boolean background) {
  private static final String MAX_TOKENS = "max_output_tokens";
  private static final String PREVIOUS = "previous_response_id";
  private static final String TRUNCATION = "truncation";
  private static final String METADATA = "metadata";

  // OpenAI's bounds of metadata: pairs, and the characters of a name and of a value.
  private static final int MAX_METADATA = 16;
  private static final int MAX_METADATA_NAME = 64;
  private static final int MAX_METADATA_VALUE = 512;

  /** The value of {@code reasoning_budget_tokens} for no limit. */
  private static final int NO_LIMIT = -1;

  /**
   * Options under names of this API.
   *
   * @param limit goes before that of the common fields
   * @param truncate whether the oldest tokens give way if the context is full
   */
  record OwnOptions(TokenLimit limit, TextFormat text, boolean truncate) {}

  /**
   * Reads a body.
   *
   * @param responses has the response before it, and the items that it refers to
   * @param maxConversation the most characters of JSON of a conversation with a response before it
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static ResponsesBody read(JsonFields body, ResponseStore responses, KeyIdentity owner, long maxConversation) {
    for (String state : List.of("prompt", "conversation")) {
      if (body.any(state) != null) {
        throw ApiException.unsupported(
            state, "The field " + state + ", which refers to something that is kept at OpenAI,");
      }
    }
    List<ResponseStore.Turn> turns = new ArrayList<>(previous(body, responses, owner));
    List<ObjectNode> input = InputItems.read(body, responses, owner);
    if (turns.isEmpty() && input.isEmpty()) {
      throw InputItems.nothing(body);
    }
    turns.add(ResponseStore.Turn.of(input));
    requireShort(turns, maxConversation);
    String instructions = instructions(body);
    List<ObjectNode> items = turns.stream().flatMap(turn -> turn.items().stream()).toList();
    List<ChatMessage> messages = Conversation.of(instructions, items);
    JsonFields reasoning = body.object("reasoning");
    TemplateOptions template = template(body, reasoning, messages);
    Shape shape = Shape.read(body, summary(reasoning));
    ResponseTools tools = ResponseTools.read(body);
    // What other APIs call it.
    CommonFields.LIMITS.forEach(name -> body.alias(MAX_TOKENS, name));
    OwnOptions own = new OwnOptions(TokenLimit.read(body, MAX_TOKENS), TextFormat.read(body), truncate(body));
    boolean store = on(body, "store", true);
    boolean background = on(body, "background", false);
    if (background && !store) {
      throw ApiException.invalid(
          "background", "background is only allowed when store is true: nothing else has the result.");
    }
    ObjectNode echo = echo(body, tools, own, shape, store, background);
    CommonFields common = CommonFields.finish(body);
    if (common.choices() != 1) {
      throw ApiException.unsupported("n", "An n other than 1");
    }
    return new ResponsesBody(common, own, messages, tools, template, shape, turns, echo, store, background);
  }

  /**
   * The conversation for a model to continue, with what the search in files finds.
   *
   * @throws ApiException if files are to be searched, and can't be
   * @throws InvalidRequestException if the core refuses a value, or values that contradict each other
   */
  ChatRequest request(Lease lease, FileSearch files) {
    GenerationOptions.Builder options = common.options(lease.model(), lease.generator()).toBuilder();
    if (own.limit().isGiven()) {
      options.maxTokens(own.limit().or(GenerationOptions.UNLIMITED));
    }
    var format = own.text().format();
    if (format != null) {
      options.format(format);
    }
    if (own.truncate()) {
      options.overflow(new ContextOverflow.Shift(0));
    } else if (common.overflow() == null) {
      // The API's default, which the response repeats.
      options.overflow(new ContextOverflow.Reject());
    }
    options.topLogprobs(shape.coreLogprobs());
    ChatRequest chat =
        ChatRequest.builder()
            .messages(messages)
            .tools(tools.tools())
            .template(lease.model().template(template))
            .options(options.build())
            .build();
    return files.ground(chat, lease);
  }

  private static List<ResponseStore.Turn> previous(JsonFields body, ResponseStore responses, KeyIdentity owner) {
    String id = body.string(PREVIOUS);
    if (id == null || id.isEmpty()) {
      return List.of();
    }
    ResponseStore.Stored before =
        responses
            .find(id, owner)
            .orElseThrow(() ->
                ApiException.invalid(
                    400,
                    PREVIOUS,
                    "previous_response_not_found",
                    "Previous response with id '"
                        + id
                        + "' not found. Responses are kept unless store is false, until newer ones take their room;"
                        + " send the conversation in input."));
    if (before.running() != null) {
      throw ApiException.invalid(
          400, PREVIOUS, "previous_response_not_ready", "The previous response is still being made; wait for its end.");
    }
    return before.all();
  }

  /** One request is limited already; what grows from turn to turn is the conversation that it continues. */
  private static void requireShort(List<ResponseStore.Turn> turns, long most) {
    long all = turns.stream().mapToLong(ResponseStore.Turn::bytes).sum();
    if (turns.size() > 1 && all > most) {
      throw ApiException.invalid(
          PREVIOUS,
          PREVIOUS
              + " continues a conversation that has "
              + all
              + " characters of JSON with this request; this server takes at most "
              + most
              + ". Leave "
              + PREVIOUS
              + " out and send in input what the model still needs, or start the server with a larger --max-body.");
    }
  }

  /** A text, or items, of which the texts count. */
  private static String instructions(JsonFields body) {
    String instructions = body.string("instructions");
    return instructions == null ? "" : instructions;
  }

  private static TemplateOptions template(JsonFields body, @Nullable JsonFields reasoning, List<ChatMessage> messages) {
    TemplateOptions.Builder options = TemplateOptions.builder();
    Map<String, String> arguments = TemplateArguments.read(body);
    String effort = reasoning == null ? null : reasoning.string("effort");
    if ("none".equals(effort)) {
      options.thinking(false);
    } else if (effort != null) {
      TemplateArguments.addEffort(arguments, "reasoning.effort", effort);
    }
    if (reasoning != null) {
      reasoning.accept("summary", "generate_summary");
      reasoning.ignoreUnknown();
    }
    Integer budget = body.integer("reasoning_budget_tokens", IntegerRange.REASONING_BUDGET);
    if (budget != null && budget != NO_LIMIT) {
      String message = body.string("reasoning_budget_message");
      options.budget(ReasoningBudget.of(budget, message == null ? "" : message));
    }
    // As in llama-server: what the assistant began, it goes on with.
    options.turn(ChatTurn.after(messages.getLast(), "input", "a function_call", "its function_call_output"));
    return options.arguments(arguments).build();
  }

  private static boolean summary(@Nullable JsonFields reasoning) {
    if (reasoning == null) {
      return false;
    }
    String wanted = reasoning.string(reasoning.alias("summary", "generate_summary"));
    return wanted != null && !wanted.equals("none");
  }

  private static boolean truncate(JsonFields body) {
    return "auto".equals(body.choice(TRUNCATION, List.of("auto", "disabled")));
  }

  private static boolean on(JsonFields body, String name, boolean otherwise) {
    return body.any(name) == null ? otherwise : body.bool(name);
  }

  private static ObjectNode echo(
      JsonFields body, ResponseTools tools, OwnOptions own, Shape shape, boolean store, boolean background) {
    ObjectNode echo = Items.object();
    echo.put("background", background);
    echo.set("instructions", or(body.any("instructions"), NullNode.instance));
    echo.set(MAX_TOKENS, or(body.any(MAX_TOKENS), NullNode.instance));
    echo.set("max_tool_calls", or(body.any("max_tool_calls"), NullNode.instance));
    echo.set(METADATA, metadata(body));
    echo.set("parallel_tool_calls", or(body.any("parallel_tool_calls"), BooleanNode.TRUE));
    echo.set(PREVIOUS, or(body.any(PREVIOUS), NullNode.instance));
    echo.set("prompt_cache_key", or(body.any("prompt_cache_key"), NullNode.instance));
    echo.set("reasoning", reasoning(body));
    echo.set("safety_identifier", or(body.any("safety_identifier"), NullNode.instance));
    echo.put("service_tier", "default");
    echo.put("store", store);
    echo.set("text", own.text().sent());
    echo.set("tool_choice", tools.choice());
    echo.set("tools", tools.sent());
    echo.set("top_logprobs", IntNode.valueOf(Math.max(0, shape.topLogprobs())));
    echo.put("truncation", own.truncate() ? "auto" : "disabled");
    echo.set("user", or(body.any("user"), NullNode.instance));
    return echo;
  }

  private static JsonNode metadata(JsonFields body) {
    JsonNode metadata = body.any(METADATA);
    if (metadata != null && !metadata.isObject()) {
      throw JsonFields.wrongType(METADATA, metadata, "an object");
    }
    if (metadata == null) {
      return Items.object();
    }
    if (metadata.size() > MAX_METADATA) {
      throw ApiException.invalid(
          METADATA, METADATA + " has " + metadata.size() + " pairs; at most " + MAX_METADATA + " are allowed.");
    }
    ObjectNode kept = Items.object();
    for (Map.Entry<String, JsonNode> pair : metadata.properties()) {
      if (pair.getValue().isNull()) {
        continue;
      }
      String path = METADATA + "." + JsonFields.shorten(pair.getKey());
      bounded(path, "its name", pair.getKey(), MAX_METADATA_NAME);
      bounded(path, "its value", JsonFields.string(pair.getValue(), path), MAX_METADATA_VALUE);
      kept.set(pair.getKey(), pair.getValue());
    }
    return kept;
  }

  private static void bounded(String path, String what, String text, int most) {
    int length = text.codePointCount(0, text.length());
    if (length > most) {
      throw ApiException.invalid(
          path, path + ": " + what + " has " + length + " characters; at most " + most + " are allowed.");
    }
  }

  private static ObjectNode reasoning(JsonFields body) {
    JsonNode given = body.any("reasoning");
    ObjectNode echo = Items.object();
    for (String name : List.of("effort", "summary")) {
      JsonNode value = given == null ? null : given.get(name);
      echo.set(name, or(value, NullNode.instance));
    }
    return echo;
  }

  private static JsonNode or(@Nullable JsonNode value, JsonNode otherwise) {
    return value == null ? otherwise : value;
  }
}
