package io.panallama.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.server.ServedModel;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of {@code POST /v1/completions}.
 *
 * <p>Special tokens written in a text prompt, such as {@code <|im_end|>}, become those tokens: whoever sends raw prompts
 * writes the template himself, and other servers do the same. In a prompt with a {@code suffix} they are text: there is no
 * template to write. Without {@code max_tokens} the context is the limit.
 */
public final class CompletionBody {
  private CompletionBody() {}

  /**
   * @see ApiRequest.Parser#parse
   */
  public static ApiRequest parse(JsonFields body, ServedModel model) {
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
    if (body.any("top_logprobs") != null) {
      throw ApiException.invalid("top_logprobs", "top_logprobs belongs to chats; logprobs is a number here.");
    }
    GenerationRequest unset = request(prompt, body.string("suffix"));
    ApiRequest request =
        CommonFields.finish(body, model, options -> unset.with(withLogprobs(options, logprobs))).withEcho(echo);
    return logprobs == null ? request : request.withTopLogprobs(logprobs);
  }

  /** A completion, or a gap to be filled if there is something behind it. */
  private static GenerationRequest request(Prompt prompt, @Nullable String suffix) {
    if (suffix == null || suffix.isEmpty()) {
      return new CompletionRequest(prompt, GenerationOptions.defaults());
    }
    if (prompt instanceof Prompt.Text text) {
      return InfillRequest.of(text.text(), suffix);
    }
    throw ApiException.invalid("suffix", "suffix goes with a prompt of text only, not with token ids.");
  }

  private static GenerationOptions withLogprobs(GenerationOptions options, @Nullable Integer logprobs) {
    if (logprobs == null) {
      return options;
    }
    if (logprobs < 0 || logprobs > GenerationOptions.MAX_TOP_LOGPROBS) {
      throw ApiException.invalid(
          "logprobs", "logprobs is " + logprobs + "; it must be 0 to " + GenerationOptions.MAX_TOP_LOGPROBS + ".");
    }
    // The core reports the token that was chosen along with one alternative at least.
    return options.withTopLogprobs(Math.max(1, logprobs));
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
