package io.panallama.benchmarks;

import io.panallama.Completion;
import io.panallama.CompletionRequest;
import io.panallama.GenerationOptions;
import io.panallama.Model;
import io.panallama.Sampling;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Requests for measuring: random tokens, never the same twice, answered greedily and to the last token asked for. */
final class Requests {
  private final int vocabulary;
  private final Sampling greedy;
  private final Random random = new Random(1);

  Requests(Model model) {
    vocabulary = model.vocabulary().size();
    Map<Integer, Float> never = new HashMap<>();
    for (int token = 0; token < vocabulary; token++) {
      if (model.vocabulary().isEndOfGeneration(token)) {
        never.put(token, Float.NEGATIVE_INFINITY);
      }
    }
    greedy = Sampling.builder().temperature(0).logitBias(never).build();
  }

  /** A request with {@code promptTokens} random tokens. */
  CompletionRequest random(int promptTokens, int maxTokens) {
    int[] prompt = random.ints(promptTokens, 0, vocabulary).toArray();
    return CompletionRequest.of(prompt)
        .with(GenerationOptions.defaults().withSampling(greedy).withMaxTokens(maxTokens));
  }

  /**
   * Returns the answer if it is what was asked for.
   *
   * @throws IllegalStateException if it has fewer tokens, or parts of the prompt came from an earlier one
   */
  static Completion complete(Completion answer, int tokens) {
    if (answer.usage().completionTokens() != tokens || answer.usage().cachedTokens() != 0) {
      throw new IllegalStateException(
          "asked for " + tokens + " tokens, got " + answer.usage() + ", " + answer.reason());
    }
    return answer;
  }
}
