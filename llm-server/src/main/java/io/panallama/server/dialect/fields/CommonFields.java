package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.TextGenerator;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.GenerationGroup;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.registry.ServedModel;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields that chat completions, completions and infills have in common. Immutable.
 *
 * @param model the name of the model; null for the default one
 * @param stream whether the answer is to be streamed
 * @param includeUsage whether the stream ends with a chunk of token counts
 * @param resumable whether the client of the stream wants to be able to come back to it
 * @param choices how many answers to give, the engine knows how many it can
 * @param limit how long an answer may be
 * @param sampling how tokens are chosen
 * @param fixed the options that do not depend on the model
 * @param overflow what happens when the context is full; null if that is the model's to say
 * @param names what the body calls the core's values, where a dialect has several names
 * @param telemetry what a stream tells of its speed
 */
public record CommonFields(
    @Nullable String model,
    boolean stream,
    boolean includeUsage,
    boolean resumable,
    int choices,
    TokenLimit limit,
    SamplingFields sampling,
    GenerationOptions fixed,
    @Nullable ContextOverflow overflow,
    Map<String, String> names,
    Telemetry.Wanted telemetry) {
  /** Copies the map. */
  public CommonFields {
    names = Map.copyOf(names);
  }

  /** Fields that change nothing about an answer: who asks, how it is billed, stored or cached, where it is computed. */
  private static final String[] HARMLESS = {
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "cache_prompt",
    "prediction",
    "session_id",
    "id_slot"
  };

  /** The names of the longest length of an answer; the first that a body has counts. */
  public static final List<String> LIMITS = List.of("n_predict", "max_completion_tokens", "max_tokens");

  /** llama-server's fields that clients send with the value that turns them off. */
  private static final List<String> OFF =
      List.of(
          "n_probs",
          "lora",
          "n_indent",
          "n_discard",
          "t_max_prompt_ms",
          "t_max_predict_ms",
          "post_sampling_probs",
          "return_tokens",
          "backend_sampling",
          "grammar_lazy",
          "grammar_triggers",
          "preserved_tokens",
          "response_fields",
          "n_cache_reuse",
          "use_beam_search",
          "length_penalty",
          "echo");

  /**
   * Reads the common fields and ignores unknown ones; call it last.
   *
   * @throws ApiException if a field is wrong or unknown
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  public static CommonFields finish(JsonFields body) {
    String model = body.string("model");
    int choices = choices(body);
    boolean stream = body.bool("stream");
    StreamOptions streamed = StreamOptions.read(body, stream);
    boolean includeUsage = streamed.includeUsage() || asksForUsage(body, stream);
    TokenLimit limit = maxTokens(body);
    SamplingFields sampling = SamplingFields.read(body);
    FormatFields format = FormatFields.read(body);
    GenerationOptions options =
        GenerationOptions.builder().stops(body.stops("stop").toArray(String[]::new)).format(format.format()).build();
    options = ServiceFields.read(body, ControlFields.read(body, options));
    ContextOverflow overflow = ServiceFields.overflow(body);
    refuseTwoGrammars(body, format);
    body.refuse("image_data");
    body.accept(HARMLESS);
    OFF.forEach(body::acceptNothing);
    Telemetry.Wanted telemetry = Telemetry.Wanted.read(body);
    body.ignoreUnknown();
    Map<String, String> names = format.names();
    names.put("n", body.any("n") == null ? "n_cmpl" : "n");
    return new CommonFields(
        model,
        stream,
        includeUsage,
        streamed.resumable(),
        choices,
        limit,
        sampling,
        options,
        overflow,
        names,
        telemetry);
  }

  /** Two grammars would contradict each other. */
  private static void refuseTwoGrammars(JsonFields body, FormatFields format) {
    String grammar = body.string("grammar");
    if (grammar != null && !grammar.isEmpty() && !(format.format() instanceof ResponseFormat.Text)) {
      throw ApiException.invalid(
          "grammar",
          "grammar can't be combined with " + format.name() + ", which brings a grammar of its own; give one of them.");
    }
  }

  /**
   * The options of a generation by this model.
   *
   * @param generator knows the tokens of texts that the fields name
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  public GenerationOptions options(ServedModel served, TextGenerator generator) {
    Sampling over = sampling.over(served.sampling().toBuilder(), text -> generator.tokenize(text, false, false));
    return served.options(
        fixed.toBuilder()
            .sampling(over)
            .maxTokens(limit.or(served.maxTokens()))
            .overflow(overflow == null ? served.overflow() : overflow)
            .build());
  }

  private static int choices(JsonFields body) {
    String name = body.alias("n", "n_cmpl");
    Integer given = body.nearestInteger(name);
    int choices = given == null ? 1 : given;
    JsonNode number = body.any(name);
    if (number != null && !number.canConvertToInt()) {
      // How many answers an engine can give is for it to say; of larger numbers it never sees the digits.
      throw ApiException.invalid(
          name,
          name
              + " is "
              + body.shown(name)
              + "; it must be 1 to "
              + GenerationGroup.MAX_SIZE
              + ", or to as many as the engine has slots and places in its queue, if those are fewer.");
    }
    Integer candidates = body.nearestInteger("best_of");
    if (candidates != null && candidates != choices) {
      body.ignored()
          .unsupported(
              "best_of",
              "best_of is "
                  + body.shown("best_of")
                  + "; this version gives all the answers that it makes: leave it out, or make it equal to n.");
    }
    return choices;
  }

  /** OpenRouter's way to ask for the token counts of a stream. */
  private static boolean asksForUsage(JsonFields body, boolean stream) {
    JsonNode usage = body.any("usage");
    return stream && usage != null && usage.path("include").asBoolean();
  }

  /** The limit under its newest name; llama-server's own name goes before OpenAI's, as there. */
  private static TokenLimit maxTokens(JsonFields body) {
    TokenLimit limit = TokenLimit.NONE_GIVEN;
    String from = "";
    for (String name : LIMITS) {
      TokenLimit given = TokenLimit.read(body, name);
      if (!limit.isGiven()) {
        limit = given;
        from = name;
      } else if (given.isGiven() && !given.equals(limit)) {
        body.contradicts(name, from);
      }
    }
    return limit;
  }
}
