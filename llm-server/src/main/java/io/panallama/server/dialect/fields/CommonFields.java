package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.TextGenerator;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.GenerationGroup;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.registry.ServedModel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fields that chat completions, completions and infills have in common. Immutable.
 *
 * @param model the name of the model; null for the default one
 * @param stream whether the answer is to be streamed
 * @param includeUsage whether the stream ends with a chunk of token counts
 * @param choices how many answers to give
 * @param sampling how tokens are chosen
 * @param fixed the options that do not depend on the model
 * @param telemetry what a stream tells of its speed
 */
public record CommonFields(
    @Nullable String model,
    boolean stream,
    boolean includeUsage,
    int choices,
    SamplingFields sampling,
    GenerationOptions fixed,
    Telemetry.Wanted telemetry) {
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
          "image_data",
          "n_cache_reuse",
          "use_beam_search",
          "length_penalty",
          "echo");

  /** Clients' value for no limit. */
  private static final int NO_LIMIT = -1;

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
    boolean includeUsage = includeUsage(body, stream);
    int maxTokens = maxTokens(body);
    SamplingFields sampling = SamplingFields.read(body);
    GenerationOptions options =
        GenerationOptions.builder()
            .maxTokens(maxTokens)
            .stops(stops(body).toArray(String[]::new))
            .format(FormatFields.read(body))
            .build();
    options = ServiceFields.read(body, ControlFields.read(body, options));
    body.accept(HARMLESS);
    OFF.forEach(body::acceptNothing);
    Telemetry.Wanted telemetry = Telemetry.Wanted.read(body);
    body.ignoreUnknown();
    return new CommonFields(model, stream, includeUsage, choices, sampling, options, telemetry);
  }

  /**
   * The options of a generation by this model.
   *
   * @param generator knows the tokens of texts that the fields name
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  public GenerationOptions options(ServedModel served, TextGenerator generator) {
    Sampling over = sampling.over(served.sampling().toBuilder(), text -> generator.tokenize(text, false, false));
    GenerationOptions.Builder options = fixed.toBuilder().sampling(over);
    if (fixed.maxTokens() == GenerationOptions.UNLIMITED) {
      options.maxTokens(served.maxTokens());
    }
    if (fixed.stops().isEmpty()) {
      options.stops(served.stops().toArray(String[]::new));
    }
    return options.build();
  }

  private static int choices(JsonFields body) {
    Integer given = body.nearestInteger("n");
    Integer llamaServers = body.nearestInteger("n_cmpl");
    String name = given == null && llamaServers != null ? "n_cmpl" : "n";
    int choices = given != null ? given : llamaServers != null ? llamaServers : 1;
    if (choices < 1 || choices > GenerationGroup.MAX_SIZE) {
      throw ApiException.invalid(name, name + " is " + choices + "; it must be 1 to " + GenerationGroup.MAX_SIZE + ".");
    }
    Integer candidates = body.nearestInteger("best_of");
    if (candidates != null && candidates != choices) {
      body.ignored()
          .unsupported(
              "best_of",
              "best_of is "
                  + candidates
                  + "; this version gives all the answers that it makes: leave it out, or make it equal to n.");
    }
    return choices;
  }

  private static boolean includeUsage(JsonFields body, boolean stream) {
    JsonFields options = body.object("stream_options");
    if (options == null) {
      return false;
    }
    if (!stream) {
      body.ignored().unsupported("stream_options", "stream_options is only allowed when stream is true.");
      return false;
    }
    boolean includeUsage = options.bool("include_usage");
    options.accept("include_obfuscation");
    options.ignoreUnknown();
    return includeUsage;
  }

  /** The limit under its newest name; llama-server's own name goes before OpenAI's, as there. */
  private static int maxTokens(JsonFields body) {
    Integer limit = null;
    String from = "";
    for (String name : List.of("n_predict", "max_completion_tokens", "max_tokens")) {
      Integer given = limit(body, name);
      if (limit == null) {
        limit = given;
        from = name;
      } else if (given != null && !given.equals(limit)) {
        body.ignored().unsupported(name, name + " and " + from + " contradict each other; give one of them.");
      }
    }
    return limit == null ? GenerationOptions.UNLIMITED : limit;
  }

  private static @Nullable Integer limit(JsonFields body, String name) {
    Integer value = body.nearestInteger(name);
    if (value != null && value < NO_LIMIT) {
      throw ApiException.invalid(
          name, name + " is " + value + "; it must be 0 or more, or -1 for no limit but the context.");
    }
    return value == null || value != NO_LIMIT ? value : Integer.valueOf(GenerationOptions.UNLIMITED);
  }

  private static List<String> stops(JsonFields body) {
    JsonNode value = body.any("stop");
    if (value == null) {
      return List.of();
    }
    if (!value.isArray()) {
      if (!value.isTextual()) {
        throw JsonFields.wrongType("stop", value, "a string or an array of strings");
      }
      String only = JsonFields.string(value, "stop");
      return only.isEmpty() ? List.of() : List.of(only);
    }
    if (value.size() > GenerationOptions.MAX_STOPS) {
      throw ApiException.invalid(
          "stop", "stop has " + value.size() + " texts; at most " + GenerationOptions.MAX_STOPS + " are allowed.");
    }
    List<String> stops = new ArrayList<>();
    for (int i = 0; i < value.size(); i++) {
      String stop = JsonFields.string(value.get(i), "stop[" + i + "]");
      if (!stop.isEmpty()) {
        stops.add(stop);
      }
    }
    return stops;
  }
}
