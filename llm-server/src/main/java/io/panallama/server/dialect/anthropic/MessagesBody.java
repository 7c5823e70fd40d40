package io.panallama.server.dialect.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.TemplateOptions.Turn;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.ChatTurn;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.SamplingFields;
import io.panallama.server.dialect.fields.SchemaFields;
import io.panallama.server.dialect.fields.StreamOptions;
import io.panallama.server.dialect.fields.TemplateArguments;
import io.panallama.server.dialect.fields.TokenLimit;
import io.panallama.server.registry.ServedModel;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /v1/messages} and of the counting of its tokens. Immutable.
 *
 * @param model the name of the model; null for the default one
 * @param stream whether the answer is to be streamed
 * @param resumable whether the client of the stream wants to be able to come back to it
 * @param limit how long the answer may be
 * @param sampling how tokens are chosen
 * @param fixed the options that do not depend on the model
 */
record MessagesBody(
    @Nullable String model,
    boolean stream,
    boolean resumable,
    List<ChatMessage> messages,
    Tools tools,
    TemplateOptions template,
    TokenLimit limit,
    SamplingFields sampling,
    GenerationOptions fixed) {
  /** Anthropic's own servers interpret these; a server of one's own has nothing to choose there. */
  private static final String[] WITHOUT_EFFECT = {
    "cache_control", "metadata", "service_tier", "inference_geo", "user_profile_id", "workspace_id", "diagnostics"
  };

  /**
   * Reads a body.
   *
   * @param counting whether only the tokens are to be counted, so that any conversation will do
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static MessagesBody read(JsonFields body, boolean counting) {
    String model = body.string("model");
    boolean stream = body.bool("stream");
    boolean resumable = StreamOptions.read(body, stream).resumable();
    List<ChatMessage> messages = Conversation.read(body);
    Tools tools = ToolFields.read(body);
    Map<String, String> arguments = TemplateArguments.read(body);
    GenerationOptions.Builder options =
        GenerationOptions.builder().stops(body.stops("stop_sequences").toArray(String[]::new));
    JsonFields output = body.object("output_config");
    if (output != null) {
      effort(output, arguments);
      format(output, "format", options);
      output.ignoreUnknown();
    }
    // The name that the field had in Anthropic's first version of it.
    format(body, "output_format", options);
    TemplateOptions template =
        thinking(body, TemplateOptions.builder().turn(turn(messages, counting)).arguments(arguments).build());
    TokenLimit limit = TokenLimit.read(body, "max_tokens");
    SamplingFields sampling = SamplingFields.read(body);
    body.accept(WITHOUT_EFFECT);
    body.ignoreUnknown();
    return new MessagesBody(model, stream, resumable, messages, tools, template, limit, sampling, options.build());
  }

  /**
   * The conversation for this model to continue.
   *
   * @throws InvalidRequestException if the core refuses a value, or values that contradict each other
   */
  ChatRequest request(ServedModel served) {
    return ChatRequest.builder()
        .messages(messages)
        .tools(tools)
        .template(served.template(template))
        .options(
            served.options(
                fixed.toBuilder()
                    .sampling(sampling.over(served.sampling().toBuilder()))
                    .maxTokens(limit.or(served.maxTokens()))
                    .overflow(served.overflow())
                    .build()))
        .build();
  }

  /** A last message of the assistant is how the answer begins. */
  private static Turn turn(List<ChatMessage> messages, boolean counting) {
    ChatMessage last = messages.getLast();
    return counting && !last.toolCalls().isEmpty()
        ? Turn.OPEN
        : ChatTurn.after(last, "messages", "a tool_use block", "a message with its tool_result");
  }

  /** The budget has no effect on a model that doesn't think, since agents ask every model to. */
  private static TemplateOptions thinking(JsonFields body, TemplateOptions options) {
    JsonFields thinking = body.object("thinking");
    if (thinking == null) {
      return options;
    }
    String type = thinking.choice("type", List.of("enabled", "disabled", "adaptive", "between_tools"));
    boolean enabled = "enabled".equals(type);
    Integer budget =
        enabled ? thinking.integer("budget_tokens", IntegerRange.atLeast(0)) : thinking.nearestInteger("budget_tokens");
    // How much of the thinking an answer shows; all of it here.
    thinking.accept("display");
    thinking.ignoreUnknown();
    if (type == null) {
      throw ApiException.invalid(thinking.path("type"), thinking.path("type") + " is missing.");
    }
    TemplateOptions.Builder builder = options.toBuilder().thinking(!type.equals("disabled"));
    if (enabled && budget != null) {
      builder.budget(ReasoningBudget.builder(budget).required(false).build());
    }
    return builder.build();
  }

  /** The effort, in the words that templates know. */
  private static void effort(JsonFields output, Map<String, String> arguments) {
    String effort = output.choice("effort", List.of("low", "medium", "high", "xhigh", "max"));
    if (effort != null) {
      boolean more = effort.equals("xhigh") || effort.equals("max");
      arguments.put("reasoning_effort", JsonFields.quoted(more ? "high" : effort));
    }
  }

  private static void format(JsonFields fields, String name, GenerationOptions.Builder options) {
    JsonFields format = fields.object(name);
    if (format == null) {
      return;
    }
    format.choice("type", List.of("json_schema"));
    JsonNode schema = format.any("schema");
    // Some clients name the schema as OpenAI's do.
    format.accept("name");
    format.ignoreUnknown();
    String path = format.path("schema");
    if (schema == null) {
      throw ApiException.invalid(path, path + " is missing.");
    }
    options.format(new ResponseFormat.JsonSchema(SchemaFields.schema(schema, path, false, fields.ignored()), false));
  }
}
