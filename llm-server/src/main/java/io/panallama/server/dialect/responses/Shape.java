package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.JsonFields;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What of an answer a client wants to see.
 *
 * @param topLogprobs how many alternatives to report with each token; -1 for no log-probabilities at all
 * @param summary whether the reasoning is to be reported as its summary, too
 * @param searchResults whether a search in files is to be reported with the passages that it found
 */
record Shape(int topLogprobs, boolean summary, boolean searchResults) {
  private static final String LOGPROBS = "message.output_text.logprobs";
  private static final String SEARCH_RESULTS = "file_search_call.results";

  /** The reasoning is in the item itself, so clients that keep no state have it without a sealed form. */
  private static final String SEALED_REASONING = "reasoning.encrypted_content";

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
    Set<String> included = included(body);
    boolean wanted = included.contains(LOGPROBS) || top != null && top > 0;
    int alternatives = top == null ? 0 : top;
    return new Shape(wanted ? alternatives : -1, summary, included.contains(SEARCH_RESULTS));
  }

  /** What is asked for. What other names ask for belongs to tools that the server doesn't have. */
  private static Set<String> included(JsonFields body) {
    JsonNode names = body.any(INCLUDE);
    if (names == null) {
      return Set.of();
    }
    if (!names.isArray()) {
      throw JsonFields.wrongType(INCLUDE, names, "an array of strings");
    }
    Set<String> included = new HashSet<>();
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).isNull()) {
        continue;
      }
      String path = INCLUDE + "[" + i + "]";
      String name = JsonFields.string(names.get(i), path);
      included.add(name);
      if (!List.of(LOGPROBS, SEARCH_RESULTS, SEALED_REASONING).contains(name)) {
        body.ignored().unsupported(path, path + " asks for \"" + name + "\", of which this server has none.");
      }
    }
    return included;
  }

  /** How many alternatives the core is to report: it reports the chosen token only along with at least one. */
  int coreLogprobs() {
    return topLogprobs < 0 ? 0 : Math.max(1, topLogprobs);
  }
}
