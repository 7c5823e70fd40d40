package io.panallama.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.CompletionRequest;
import io.panallama.Prompt;
import io.panallama.server.ServedModel;
import java.util.List;

/**
 * Reads the body of {@code POST /v1/completions}.
 *
 * <p>Special tokens written in a text prompt, such as {@code <|im_end|>}, become those tokens: whoever sends raw prompts
 * writes the template himself, and other servers do the same. Without {@code max_tokens} the context is the limit.
 */
public final class CompletionBody {
  private CompletionBody() {}

  /**
   * @see ApiRequest.Parser#parse
   */
  public static ApiRequest parse(JsonFields body, ServedModel model) {
    Prompt prompt = prompt(body);
    if (body.bool("echo")) {
      throw ApiException.unsupported("echo", "echo");
    }
    if (body.any("suffix") != null) {
      throw ApiException.unsupported("suffix", "suffix");
    }
    for (String name : List.of("logprobs", "top_logprobs")) {
      if (body.any(name) != null) {
        throw ApiException.unsupported(name, name);
      }
    }
    return CommonFields.finish(body, model, options -> new CompletionRequest(prompt, options));
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
