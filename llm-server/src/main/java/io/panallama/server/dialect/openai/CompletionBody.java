package io.panallama.server.dialect.openai;

import io.panallama.TextGenerator;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.GenerationGroup;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.fields.CommonFields;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.PromptFields;
import io.panallama.server.registry.ServedModel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /v1/completions}. Immutable.
 *
 * <p>Special tokens written in a text prompt become those tokens. In a prompt with a {@code suffix} they are text, since there is
 * no template to apply. Without {@code max_tokens} the context is the limit.
 *
 * @param prompts at least one
 * @param suffix what follows the gap that is to be filled; empty for none
 * @param logprobs how many alternatives to report with each token; null for no log-probabilities at all
 * @param echo whether the texts of the answer begin with their prompts
 */
record CompletionBody(
    CommonFields common, List<PromptFields.Given> prompts, String suffix, @Nullable Integer logprobs, boolean echo) {
  /**
   * Reads a body.
   *
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static CompletionBody read(JsonFields body) {
    List<PromptFields.Given> prompts = PromptFields.read(body, "prompt");
    boolean echo = body.bool("echo");
    Integer logprobs = body.integer("logprobs", IntegerRange.TOP_LOGPROBS);
    if (body.any("top_logprobs") != null) {
      throw ApiException.invalid("top_logprobs", "top_logprobs belongs to chats; logprobs is a number here.");
    }
    String suffix = body.string("suffix");
    boolean gap = suffix != null && !suffix.isEmpty();
    if (gap && !prompts.stream().allMatch(PromptFields.Text.class::isInstance)) {
      throw ApiException.invalid("suffix", "suffix goes with a prompt of text only, not with token ids.");
    }
    if (gap && echo && logprobs != null) {
      throw ApiException.invalid(
          "echo",
          "echo, logprobs and suffix don't go together: the model sees prompt and suffix in another order than they"
              + " have in the text; leave one of them out.");
    }
    CommonFields common = CommonFields.finish(body);
    long all = (long) prompts.size() * common.choices();
    if (prompts.size() > 1 && all > GenerationGroup.MAX_SIZE) {
      throw ApiException.invalid(
          "n",
          "n is "
              + common.choices()
              + " for each of "
              + prompts.size()
              + " prompts; at most "
              + GenerationGroup.MAX_SIZE
              + " answers are allowed.");
    }
    return new CompletionBody(common, prompts, suffix == null ? "" : suffix, logprobs, echo);
  }

  /**
   * Reads the body of Mistral's {@code POST /v1/fim/completions}: one prompt, which is a text, and what follows the gap.
   *
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static CompletionBody readGap(JsonFields body) {
    String prompt = body.string("prompt");
    if (prompt == null) {
      throw ApiException.invalid("prompt", "prompt is missing.");
    }
    String suffix = body.string("suffix");
    List<PromptFields.Given> prompts = List.of(new PromptFields.Text(prompt));
    return new CompletionBody(CommonFields.finish(body), prompts, suffix == null ? "" : suffix, null, false);
  }

  /** Whether the prompt's tokens come with their log-probabilities, before the answer's. */
  boolean scoredEcho() {
    return echo && logprobs != null;
  }

  /** One request for each prompt. */
  List<Call.RequestFactory> requests(PromptLogprobs promptLogprobs) {
    return prompts.stream()
        .map(prompt ->
            (Call.RequestFactory) lease -> promptLogprobs.of(request(prompt, lease.model(), lease.generator())))
        .toList();
  }

  /**
   * Programs that measure texts ask for one token and leave the last one out, whatever it is, so an answer of one token has one even
   * where the model would end.
   */
  private static GenerationOptions scored(GenerationOptions options, int logprobs) {
    GenerationOptions.Builder scored = options.toBuilder().promptLogprobs(logprobs);
    if (options.maxTokens() == 1) {
      scored.stop(options.stop().toBuilder().minTokens(1).build());
    }
    return scored.build();
  }

  /** A completion, or a gap to be filled if there is something behind it. */
  private GenerationRequest request(PromptFields.Given prompt, ServedModel model, TextGenerator generator) {
    GenerationOptions options = common.options(model, generator);
    // The core reports the chosen token only along with at least one alternative.
    options = logprobs == null ? options : options.toBuilder().topLogprobs(Math.max(1, logprobs)).build();
    options = echo && logprobs != null ? scored(options, logprobs) : options;
    return suffix.isEmpty()
        ? CompletionRequest.of(prompt.of(generator), options)
        : InfillRequest.of(prompt.text(generator::tokenBytes), suffix).with(options);
  }
}
