package io.panallama.internal.decode;

/** Why no token could be sampled. */
public enum SampleFailure {
  /** The grammar, the bans or the values of the samplers leave no token to choose from. */
  NO_TOKEN_LEFT,
  /** Matching the grammar needs more time or memory than one token may take. */
  GRAMMAR_LIMIT,
  /** Anything else, such as logits that are not numbers. */
  OTHER
}
