package io.panallama.server.dialect.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.CommonFields;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.registry.ServedModel;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /v1/completions}. Immutable.
 *
 * <p>Special tokens written in a text prompt, such as {@code <|im_end|>}, become those tokens: with a raw prompt the client
 * applies the chat template itself, as with other servers. In a prompt with a {@code suffix} they are text, since there is no
 * template to apply. Without {@code max_tokens} the context is the limit.
 *
 * @param unset the request without its options
 * @param logprobs how many alternatives to report with each token; null for no log-probabilities at all
 * @param echo whether the text of the answer begins with the prompt
 */
record CompletionBody(CommonFields common, GenerationRequest unset, @Nullable Integer logprobs, boolean echo) {
  /**
   * Reads a body.
   *
   * @throws ApiException if a field is wrong, unknown or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static CompletionBody read(JsonFields body) {
    Prompt prompt = prompt(body);
    boolean echo = body.bool("echo");
    Integer logprobs = body.integer("logprobs");
    if (logprobs != null && echo) {
      throw ApiException.invalid(
          400,
          "echo",
          "unsupported_parameter",
          "echo together with logprobs is not supported: this version has no log-probabilities of the prompt.");
    }
    if (logprobs != null && (logprobs < 0 || logprobs > GenerationOptions.MAX_TOP_LOGPROBS)) {
      throw ApiException.invalid(
          "logprobs", "logprobs is " + logprobs + "; it must be 0 to " + GenerationOptions.MAX_TOP_LOGPROBS + ".");
    }
    if (body.any("top_logprobs") != null) {
      throw ApiException.invalid("top_logprobs", "top_logprobs belongs to chats; logprobs is a number here.");
    }
    GenerationRequest unset = request(prompt, body.string("suffix"));
    return new CompletionBody(CommonFields.finish(body), unset, logprobs, echo);
  }

  /**
   * The request to this model.
   *
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  GenerationRequest request(ServedModel model) {
    GenerationOptions options = common.options(model);
    // The core reports the chosen token only along with at least one alternative.
    return unset.with(logprobs == null ? options : options.toBuilder().topLogprobs(Math.max(1, logprobs)).build());
  }

  /** A completion, or a gap to be filled if there is something behind it. */
  private static GenerationRequest request(Prompt prompt, @Nullable String suffix) {
    if (suffix == null || suffix.isEmpty()) {
      return CompletionRequest.of(prompt, GenerationOptions.defaults());
    }
    if (prompt instanceof Prompt.Text text) {
      return InfillRequest.of(text.text(), suffix);
    }
    throw ApiException.invalid("suffix", "suffix goes with a prompt of text only, not with token ids.");
  }

  private static Prompt prompt(JsonFields body) {
    JsonNode prompt = body.any("prompt");
    if (prompt == null) {
      throw ApiException.invalid("prompt", "prompt is missing.");
    }
    if (isBatch(prompt)) {
      if (prompt.size() != 1) {
        throw ApiException.invalid(
            400,
            "prompt",
            "unsupported_parameter",
            "prompt has " + prompt.size() + " prompts; this version takes one per request.");
      }
      prompt = prompt.get(0);
    }
    if (prompt.isTextual()) {
      return new Prompt.Text(JsonFields.string(prompt, "prompt"), true);
    }
    if (prompt.isArray()) {
      return tokens(prompt);
    }
    throw JsonFields.wrongType("prompt", prompt, "a string, an array of token ids, or an array with one of those");
  }

  private static boolean isBatch(JsonNode prompt) {
    return prompt.isArray() && !prompt.isEmpty() && !prompt.get(0).isNumber();
  }

  private static Prompt tokens(JsonNode array) {
    int[] tokens = new int[array.size()];
    for (int i = 0; i < tokens.length; i++) {
      JsonNode token = array.get(i);
      if (!token.isIntegralNumber() || !token.canConvertToInt()) {
        throw JsonFields.wrongType("prompt[" + i + "]", token, "a token id");
      }
      tokens[i] = token.intValue();
    }
    return new Prompt.Tokens(tokens);
  }
}
