package io.panallama.generation;

import io.panallama.request.ContextOverflow;

/**
 * The numbers of tokens that a generation read and wrote.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens how many of them were already in the KV cache and were not computed again
 * @param completionTokens tokens generated, not counting the end-of-generation token
 * @param discardedTokens tokens of prompt or completion that {@link ContextOverflow.Shift} removed from the model's
 *     context
 * @param reasoningTokens how many of the completion tokens have a part of the model's thinking; the marks around it do not
 *     count. 0 where the thinking was not separated from the text
 */
public record Usage(
    int promptTokens, int cachedTokens, int completionTokens, int discardedTokens, int reasoningTokens) {
  /** Usage without thinking. */
  public Usage(int promptTokens, int cachedTokens, int completionTokens, int discardedTokens) {
    this(promptTokens, cachedTokens, completionTokens, discardedTokens, 0);
  }

  /** These counts with another number of generated tokens. */
  public Usage withCompletionTokens(int tokens) {
    return new Usage(promptTokens, cachedTokens, tokens, discardedTokens, reasoningTokens);
  }

  /** The same with this number of tokens of the model's thinking. */
  public Usage withReasoningTokens(int tokens) {
    return new Usage(promptTokens, cachedTokens, completionTokens, discardedTokens, tokens);
  }

  /** The sums of these numbers and those of another generation. */
  public Usage plus(Usage other) {
    return new Usage(
        promptTokens + other.promptTokens,
        cachedTokens + other.cachedTokens,
        completionTokens + other.completionTokens,
        discardedTokens + other.discardedTokens,
        reasoningTokens + other.reasoningTokens);
  }

  /** Prompt and completion tokens together. */
  public int totalTokens() {
    return promptTokens + completionTokens;
  }
}
