package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.JsonFields;

/**
 * What of an answer a client wants to see.
 *
 * @param topLogprobs how many alternatives to report with each token; -1 for no log-probabilities at all
 * @param summary whether the reasoning is to be reported as its summary, too
 */
record Shape(int topLogprobs, boolean summary) {
  private static final String TOP_LOGPROBS = "top_logprobs";
  private static final String INCLUDE = "include";

  /**
   * Reads {@code include} and {@code top_logprobs}.
   *
   * @param summary whether a summary of the reasoning was asked for
   * @throws ApiException if one is wrong
   */
  static Shape read(JsonFields body, boolean summary) {
    Integer top = body.integer(TOP_LOGPROBS, IntegerRange.TOP_LOGPROBS);
    boolean wanted = included(body) || top != null && top > 0;
    int alternatives = top == null ? 0 : top;
    return new Shape(wanted ? alternatives : -1, summary);
  }

  /** Whether log-probabilities are asked for. What other names ask for belongs to tools that the server doesn't have. */
  private static boolean included(JsonFields body) {
    JsonNode names = body.any(INCLUDE);
    if (names == null) {
      return false;
    }
    if (!names.isArray()) {
      throw JsonFields.wrongType(INCLUDE, names, "an array of strings");
    }
    boolean logprobs = false;
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).isNull()) {
        continue;
      }
      String path = INCLUDE + "[" + i + "]";
      String name = JsonFields.string(names.get(i), path);
      // The reasoning is in the item itself, so clients that keep no state have it without a sealed form.
      boolean nothing = name.equals("reasoning.encrypted_content");
      boolean known = name.equals("message.output_text.logprobs");
      logprobs |= known;
      if (!known && !nothing) {
        body.ignored().unsupported(path, path + " asks for \"" + name + "\", of which this server has none.");
      }
    }
    return logprobs;
  }

  /** How many alternatives the core is to report: it reports the chosen token only along with at least one. */
  int coreLogprobs() {
    return topLogprobs < 0 ? 0 : Math.max(1, topLogprobs);
  }
}
