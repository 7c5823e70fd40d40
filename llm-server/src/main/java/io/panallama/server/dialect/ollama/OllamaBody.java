package io.panallama.server.dialect.ollama;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.request.ResponseFormat;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.ChatTools;
import io.panallama.server.dialect.fields.ChatTurn;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.SamplingFields;
import io.panallama.server.dialect.fields.SchemaFields;
import io.panallama.server.dialect.fields.StreamOptions;
import io.panallama.server.dialect.fields.TokenLimit;
import io.panallama.server.registry.ServedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /api/generate} or {@code POST /api/chat}. Immutable.
 *
 * @param chat whether it is that of a chat, whose answers have another shape
 * @param model the name of the model; null for the default one
 * @param stream whether the answer is to be streamed
 * @param resumable whether the client of the stream wants to be able to come back to it
 * @param topLogprobs how many alternatives to report with each token; -1 for no log-probabilities at all
 * @param limit how long the answer may be
 * @param sampling how tokens are chosen
 * @param overflow what happens when the context is full; null if that is the model's to say
 * @param request what to generate, with the options that do not depend on the model; null if the model is only to be loaded
 * @param names what the body calls the core's values, where that depends on the route
 */
record OllamaBody(
    boolean chat,
    @Nullable String model,
    boolean stream,
    boolean resumable,
    int topLogprobs,
    TokenLimit limit,
    SamplingFields sampling,
    @Nullable ContextOverflow overflow,
    @Nullable GenerationRequest request,
    Map<String, String> names) {
  private static final String KEEP_ALIVE = "keep_alive";

  /** A duration as Go writes it, or a number of seconds. */
  private static final Pattern DURATION =
      Pattern.compile("[+-]?(?:\\d+|(?:\\d+(?:\\.\\d*)?(?:ns|us|\u00b5s|ms|s|m|h))+)");

  private static final Set<String> LEVELS = Set.of("low", "medium", "high", "max");

  /**
   * Reads the body of {@code /api/generate}.
   *
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static OllamaBody generate(ClientRequest asked) {
    JsonFields body = JsonBody.read(asked);
    String prompt = text(body, "prompt");
    String suffix = text(body, "suffix");
    String system = text(body, "system");
    boolean raw = body.bool("raw");
    body.refuse("images");
    leaveOut(
        body, "template", "the model's own template is used; render the prompt yourself and set raw to use another.");
    leaveOut(
        body, "context", "the tokens of earlier answers are not kept; use /api/chat, which finds them in its cache.");
    TemplateOptions template = think(body).build();
    Options options = options(body);
    GenerationRequest request;
    if (prompt.isEmpty() && suffix.isEmpty()) {
      request = null;
    } else if (!suffix.isEmpty()) {
      request = InfillRequest.of(prompt, suffix).with(options.fixed());
    } else if (raw) {
      request = CompletionRequest.of(new Prompt.Text(prompt, true), options.fixed());
    } else {
      List<ChatMessage> messages = new ArrayList<>();
      if (!system.isEmpty()) {
        messages.add(ChatMessage.system(system));
      }
      messages.add(ChatMessage.user(prompt));
      request = ChatRequest.builder().messages(messages).template(template).options(options.fixed()).build();
    }
    String longest = system.length() > prompt.length() ? "system" : "prompt";
    return finish(body, false, options, request, Map.of("messages", longest));
  }

  /**
   * Reads the body of {@code /api/chat}.
   *
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static OllamaBody chat(ClientRequest asked) {
    JsonFields body = JsonBody.read(asked);
    List<ChatMessage> messages = OllamaMessages.read(body);
    Tools tools = ChatTools.read(body);
    TemplateOptions.Builder template = think(body);
    Options options = options(body);
    if (messages.isEmpty()) {
      return finish(body, true, options, null, Map.of());
    }
    template.turn(
        ChatTurn.after(messages.getLast(), "messages", "tool_calls", "a message of the role \"tool\" with the result"));
    GenerationRequest request =
        ChatRequest.builder()
            .messages(messages)
            .tools(tools)
            .template(template.build())
            .options(options.fixed())
            .build();
    return finish(body, true, options, request, Map.of());
  }

  private static OllamaBody finish(
      JsonFields body, boolean chat, Options options, @Nullable GenerationRequest request, Map<String, String> names) {
    String model = body.string("model");
    boolean stream = streams(body);
    boolean resumable = StreamOptions.read(body, stream).resumable();
    ContextOverflow overflow = overflow(body);
    keepAlive(body);
    body.ignoreUnknown();
    return new OllamaBody(
        chat,
        model,
        stream,
        resumable,
        options.topLogprobs(),
        options.limit(),
        options.sampling(),
        overflow,
        request,
        names);
  }

  /** What happens when the context is full; null if the body does not say. */
  private static @Nullable ContextOverflow overflow(JsonFields body) {
    if (body.any("shift") == null) {
      return null;
    }
    return body.bool("shift") ? new ContextOverflow.Shift(0) : new ContextOverflow.Reject();
  }

  /** How long the model is to stay loaded, as Ollama reads it: seconds, or a duration such as {@code 1h30m}. */
  private static void keepAlive(JsonFields body) {
    JsonNode given = body.any(KEEP_ALIVE);
    if (given == null || given.isTextual() && given.textValue().isEmpty()) {
      return;
    }
    String text = given.asText();
    boolean duration = given.isTextual() && DURATION.matcher(text).matches();
    if (!given.isNumber() && !duration) {
      throw JsonFields.noneOf(KEEP_ALIVE, given, "a number of seconds or a duration such as \"5m\"");
    }
    if (duration ? text.matches("[^1-9]*") : given.doubleValue() == 0) {
      body.ignored().unsupported(KEEP_ALIVE, KEEP_ALIVE + " is 0; the models of this server stay loaded.");
    }
  }

  /**
   * The request to this model.
   *
   * @throws InvalidRequestException if the core refuses a value, or values that contradict each other
   */
  GenerationRequest forModel(ServedModel served) {
    if (request == null) {
      throw new IllegalStateException("There is nothing to generate.");
    }
    GenerationRequest optioned =
        request.with(
            served.options(
                request.options().toBuilder()
                    .sampling(sampling.over(served.sampling().toBuilder()))
                    .maxTokens(limit.or(served.maxTokens()))
                    .overflow(overflow == null ? served.overflow() : overflow)
                    .build()));
    return optioned instanceof ChatRequest chat ? chat.with(served.template(chat.template())) : optioned;
  }

  /** Whether the answer is to be streamed, as it is unless the body says otherwise. */
  static boolean streams(JsonFields body) {
    return body.any("stream") == null || body.bool("stream");
  }

  private static String text(JsonFields body, String name) {
    String text = body.string(name);
    return text == null ? "" : text;
  }

  private static void leaveOut(JsonFields body, String name, String why) {
    JsonNode value = body.any(name);
    boolean nothing =
        value == null || value.isTextual() && value.textValue().isEmpty() || value.isArray() && value.isEmpty();
    if (!nothing) {
      body.ignored().unsupported(name, name + " is not supported: " + why);
    }
  }

  /** Whether the model thinks, and how much. */
  private static TemplateOptions.Builder think(JsonFields body) {
    TemplateOptions.Builder template = TemplateOptions.builder();
    JsonNode think = body.any("think");
    if (think == null) {
      return template;
    }
    if (think.isBoolean()) {
      return template.thinking(think.booleanValue());
    }
    String wanted = "true, false, \"low\", \"medium\", \"high\" or \"max\"";
    String level = think.asText();
    if (!think.isTextual() || !LEVELS.contains(level)) {
      throw JsonFields.noneOf("think", think, wanted);
    }
    String known = level.equals("max") ? "high" : level;
    return template.thinking(true).arguments(Map.of("reasoning_effort", JsonFields.quoted(known)));
  }

  private record Options(TokenLimit limit, SamplingFields sampling, GenerationOptions fixed, int topLogprobs) {}

  private static Options options(JsonFields body) {
    GenerationOptions.Builder fixed = GenerationOptions.builder().format(format(body));
    JsonFields options = body.objectOrEmpty("options");
    Integer given = options.nearestInteger("num_predict");
    TokenLimit limit =
        given == null ? TokenLimit.NONE_GIVEN : given <= 0 ? TokenLimit.UNLIMITED : new TokenLimit(given);
    fixed.stops(options.stops("stop").toArray(String[]::new));
    SamplingFields sampling = SamplingFields.read(options);
    options.ignoreUnknown();
    body.accept("truncate");
    boolean wanted = body.bool("logprobs");
    Integer top =
        wanted ? body.integer("top_logprobs", IntegerRange.TOP_LOGPROBS) : body.nearestInteger("top_logprobs");
    int topLogprobs = wanted ? top == null ? 0 : top : -1;
    if (wanted) {
      // The core reports the chosen token only along with at least one alternative.
      fixed.topLogprobs(topLogprobs == 0 ? 1 : topLogprobs);
    }
    return new Options(limit, sampling, fixed.build(), topLogprobs);
  }

  private static ResponseFormat format(JsonFields body) {
    JsonNode format = body.any("format");
    if (format == null || format.isTextual() && format.textValue().isEmpty()) {
      return new ResponseFormat.Text();
    }
    if (format.isObject()) {
      return new ResponseFormat.JsonSchema(SchemaFields.schema(format, "format", false, body.ignored()), false);
    }
    if (!"json".equals(format.textValue())) {
      throw JsonFields.noneOf("format", format, "\"json\" or a JSON schema");
    }
    return new ResponseFormat.JsonObject();
  }
}
