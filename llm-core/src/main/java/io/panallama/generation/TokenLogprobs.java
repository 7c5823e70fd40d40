package io.panallama.generation;

import java.util.List;

/**
 * The log-probability of a token, generated or of the prompt, and of the likeliest alternatives, under the softmax of the model's raw
 * logits (before any sampler), or after the samplers where {@link
 * io.panallama.request.GenerationOptions#logprobsAfterSampling} asks for that.
 *
 * @param chosen the token
 * @param top the likeliest tokens, likeliest first; the chosen one may or may not be among them
 */
public record TokenLogprobs(TokenLogprob chosen, List<TokenLogprob> top) {
  public TokenLogprobs {
    top = List.copyOf(top);
  }

  /**
   * A token and its natural log-probability.
   *
   * @param token the id; {@link io.panallama.Vocabulary#piece Vocabulary.piece} gives its bytes
   */
  public record TokenLogprob(int token, float logprob) {}
}
