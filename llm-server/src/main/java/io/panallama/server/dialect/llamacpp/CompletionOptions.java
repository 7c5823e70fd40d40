package io.panallama.server.dialect.llamacpp;

import io.panallama.TextGenerator;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.GenerationOptions;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.CommonFields;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.registry.ServedModel;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The fields that llama-server's own completions and infills have beside those of other APIs. Immutable.
 *
 * @param probabilities how many alternatives to report with each token; 0 for none
 * @param afterSampling whether the probabilities are those after the samplers, and no logarithms
 * @param tokens whether the answer has the ids of its tokens
 * @param fields the paths of the answer's fields that are wanted; empty for all
 * @param lines the limits that hold from line to line
 */
record CompletionOptions(
    CommonFields common,
    int probabilities,
    boolean afterSampling,
    boolean tokens,
    List<String> fields,
    LineLimits lines) {
  /**
   * Reads the fields; call it last.
   *
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static CompletionOptions read(JsonFields body) {
    String name = body.alias("n_probs", "logprobs");
    Integer given = body.nearestInteger(name);
    int probabilities = given == null ? 0 : Math.max(0, given);
    if (probabilities > GenerationOptions.MAX_TOP_LOGPROBS) {
      body.ignored()
          .unsupported(
              "n_probs",
              "n_probs is " + body.shown(name) + "; at most " + GenerationOptions.MAX_TOP_LOGPROBS + " are reported.");
      probabilities = GenerationOptions.MAX_TOP_LOGPROBS;
    }
    boolean afterSampling = body.bool("post_sampling_probs");
    boolean tokens = body.bool("return_tokens");
    List<String> fields = Objects.requireNonNullElse(body.strings("response_fields"), List.of());
    LineLimits lines = new LineLimits(atLeastZero(body, "n_indent"), atLeastZero(body, "t_max_predict_ms"));
    return new CompletionOptions(CommonFields.finish(body), probabilities, afterSampling, tokens, fields, lines);
  }

  /**
   * The options of a generation by this model.
   *
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  GenerationOptions options(ServedModel model, TextGenerator generator) {
    GenerationOptions options = common.options(model, generator);
    // Ids come with log-probabilities only; the chunks of a stream always have them.
    boolean ids = tokens || common.stream();
    return options.toBuilder()
        .topLogprobs(Math.max(probabilities, ids ? 1 : 0))
        .logprobsAfterSampling(afterSampling && probabilities > 0)
        .build();
  }

  private static int atLeastZero(JsonFields body, String name) {
    @Nullable Integer value = body.nearestInteger(name);
    return value == null ? 0 : Math.max(0, value);
  }
}
