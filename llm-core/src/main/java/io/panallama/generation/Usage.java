package io.panallama.generation;

import io.panallama.request.ContextOverflow;

/**
 * Tokens that a generation read and wrote.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens how many of them were already in the KV cache and were not computed again
 * @param completionTokens tokens generated, the end-of-generation token not counted
 * @param discardedTokens tokens of prompt or completion that the model lost sight of by {@link ContextOverflow.Shift}
 */
public record Usage(int promptTokens, int cachedTokens, int completionTokens, int discardedTokens) {
  /** Prompt and completion together. */
  public int totalTokens() {
    return promptTokens + completionTokens;
  }
}
