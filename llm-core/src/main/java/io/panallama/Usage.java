package io.panallama;

/**
 * Tokens that a generation read and wrote.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens how many of them were already in the KV cache and were not computed again
 * @param completionTokens tokens generated, the end-of-generation token not counted
 */
public record Usage(int promptTokens, int cachedTokens, int completionTokens) {
  /** Prompt and completion together. */
  public int totalTokens() {
    return promptTokens + completionTokens;
  }
}
