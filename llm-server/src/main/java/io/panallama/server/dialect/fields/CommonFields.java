package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.GenerationGroup;
import io.panallama.request.GenerationOptions;
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
 */
public record CommonFields(
    @Nullable String model,
    boolean stream,
    boolean includeUsage,
    int choices,
    SamplingFields sampling,
    GenerationOptions fixed) {
  /**
   * Reads the common fields and refuses unknown ones; call it last.
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
    body.accept(
        "user",
        "metadata",
        "store",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_retention",
        "cache_prompt");
    body.ignoreUnknown();
    return new CommonFields(model, stream, includeUsage, choices, sampling, options);
  }

  /**
   * The options of a generation by this model.
   *
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  public GenerationOptions options(ServedModel served) {
    GenerationOptions.Builder options = fixed.toBuilder().sampling(sampling.over(served.sampling().toBuilder()));
    if (fixed.maxTokens() == GenerationOptions.UNLIMITED) {
      options.maxTokens(served.maxTokens());
    }
    if (fixed.stops().isEmpty()) {
      options.stops(served.stops().toArray(String[]::new));
    }
    return options.build();
  }

  private static int choices(JsonFields body) {
    Integer given = body.integer("n");
    int choices = given == null ? 1 : given;
    if (choices < 1 || choices > GenerationGroup.MAX_SIZE) {
      throw ApiException.invalid("n", "n is " + choices + "; it must be 1 to " + GenerationGroup.MAX_SIZE + ".");
    }
    Integer candidates = body.integer("best_of");
    if (candidates != null && candidates != choices) {
      throw ApiException.invalid(
          400,
          "best_of",
          "unsupported_parameter",
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
      throw ApiException.invalid("stream_options", "stream_options is only allowed when stream is true.");
    }
    boolean includeUsage = options.bool("include_usage");
    options.accept("include_obfuscation");
    options.ignoreUnknown();
    return includeUsage;
  }

  private static int maxTokens(JsonFields body) {
    Integer older = limit(body, "max_tokens");
    Integer newer = limit(body, "max_completion_tokens");
    if (older != null && newer != null && !older.equals(newer)) {
      throw ApiException.invalid(
          "max_completion_tokens", "max_tokens and max_completion_tokens contradict each other; give one of them.");
    }
    if (newer != null) {
      return newer;
    }
    return older == null ? GenerationOptions.UNLIMITED : older;
  }

  private static @Nullable Integer limit(JsonFields body, String name) {
    Integer value = body.integer(name);
    if (value != null && value < 1) {
      throw ApiException.invalid(name, name + " is " + value + "; it must be at least 1.");
    }
    return value;
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
      return List.of(JsonFields.string(value, "stop"));
    }
    if (value.size() > GenerationOptions.MAX_STOPS) {
      throw ApiException.invalid(
          "stop", "stop has " + value.size() + " texts; at most " + GenerationOptions.MAX_STOPS + " are allowed.");
    }
    List<String> stops = new ArrayList<>();
    for (int i = 0; i < value.size(); i++) {
      stops.add(JsonFields.string(value.get(i), "stop[" + i + "]"));
    }
    return stops;
  }
}
