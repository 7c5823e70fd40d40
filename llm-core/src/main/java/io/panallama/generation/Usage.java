package io.panallama.generation;

import io.panallama.request.ContextOverflow;

/**
 * The numbers of tokens that a generation read and wrote.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens how many of them were already in the KV cache and were not computed again
 * @param completionTokens tokens generated, not counting the end-of-generation token
 * @param discardedTokens tokens of prompt or completion that {@link ContextOverflow.Shift} removed from the model's context
 */
public record Usage(int promptTokens, int cachedTokens, int completionTokens, int discardedTokens) {
  /** Prompt and completion tokens together. */
  public int totalTokens() {
    return promptTokens + completionTokens;
  }
}
