package io.panallama.load.measure;

import io.panallama.Model;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Usage;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * Requests for measuring: random tokens, never the same twice, answered greedily and to the full length.
 *
 * <p>Not safe for use by several threads.
 */
public final class Requests {
  private final int vocabulary;
  private final Sampling greedy;
  private final Random random = new Random(1);

  /** Requests for engines on this model. */
  public Requests(Model model) {
    vocabulary = model.vocabulary().size();
    Map<Integer, Float> never = new HashMap<>();
    for (int token = 0; token < vocabulary; token++) {
      if (model.vocabulary().isEndOfGeneration(token)) {
        never.put(token, Float.NEGATIVE_INFINITY);
      }
    }
    greedy = Sampling.builder().temperature(0).logitBias(never).build();
  }

  /** This many random tokens. */
  public int[] tokens(int count) {
    return random.ints(count, 0, vocabulary).toArray();
  }

  /** A request with {@code promptTokens} random tokens. */
  public CompletionRequest random(int promptTokens, int maxTokens) {
    return of(tokens(promptTokens), maxTokens);
  }

  /** A request with {@code prefix} and {@code further} random tokens after it. */
  public CompletionRequest after(int[] prefix, int further, int maxTokens) {
    int[] prompt = Arrays.copyOf(prefix, prefix.length + further);
    System.arraycopy(tokens(further), 0, prompt, prefix.length, further);
    return of(prompt, maxTokens);
  }

  /** A request with this prompt. */
  public CompletionRequest of(int[] prompt, int maxTokens) {
    return CompletionRequest.of(prompt).with(GenerationOptions.builder().sampling(greedy).maxTokens(maxTokens).build());
  }

  /**
   * Returns the answer if it is as requested.
   *
   * @throws IllegalStateException if it has fewer tokens, or parts of the prompt came from an earlier one
   */
  public static Completion complete(Completion answer, int tokens) {
    return complete(answer, tokens, 0);
  }

  /**
   * Returns the answer if it is as requested.
   *
   * @param cached the number of prompt tokens that must come from an earlier prompt
   * @throws IllegalStateException if it has fewer tokens, or another number of them was cached
   */
  public static Completion complete(Completion answer, int tokens, int cached) {
    require(answer.usage(), answer.reason(), tokens, cached);
    return answer;
  }

  /**
   * Checks that an answer is as requested.
   *
   * @throws IllegalStateException if it has fewer tokens, or parts of the prompt came from an earlier one
   */
  public static void require(GenerationEvent.Finished end, int tokens) {
    require(end.usage(), end.reason(), tokens, 0);
  }

  private static void require(Usage usage, FinishReason reason, int tokens, int cached) {
    if (usage.completionTokens() != tokens || usage.cachedTokens() != cached) {
      throw new IllegalStateException(
          "asked for "
              + tokens
              + " tokens after a prompt with "
              + cached
              + " cached ones, got "
              + usage
              + ", "
              + reason);
    }
  }
}
