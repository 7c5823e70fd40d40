package io.panallama.server.dialect.llamacpp;

import io.panallama.error.InvalidRequestException;
import io.panallama.generation.GenerationGroup;
import io.panallama.request.CompletionRequest;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.PromptFields;
import java.util.List;

/**
 * The body of {@code POST /completion}. Immutable.
 *
 * @param prompts at least one
 */
record CompletionBody(CompletionOptions options, List<PromptFields.Given> prompts) {
  /**
   * Reads a body.
   *
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static CompletionBody read(JsonFields body) {
    List<PromptFields.Given> prompts = PromptFields.read(body, "prompt");
    CompletionOptions options = CompletionOptions.read(body);
    long all = (long) prompts.size() * options.common().choices();
    if (prompts.size() > 1 && all > GenerationGroup.MAX_SIZE) {
      throw ApiException.invalid(
          "prompt",
          "prompt has "
              + prompts.size()
              + " prompts with "
              + options.common().choices()
              + " answers each; at most "
              + GenerationGroup.MAX_SIZE
              + " answers are allowed.");
    }
    return new CompletionBody(options, prompts);
  }

  /** One request for each prompt. */
  List<Call.RequestFactory> requests() {
    return prompts.stream()
        .map(prompt ->
            (Call.RequestFactory)
                lease ->
                    CompletionRequest.of(
                        prompt.of(lease.generator()), options.options(lease.model(), lease.generator())))
        .toList();
  }
}
