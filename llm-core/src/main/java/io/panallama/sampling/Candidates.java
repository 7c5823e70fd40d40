package io.panallama.sampling;

/**
 * The tokens that a {@link LogitProcessor} may choose between: what the chain left, the likeliest first. A view that is
 * reused for the next token, to be used only during the call that it was given to.
 */
public interface Candidates {
  /** How many there are, at least 1. */
  int size();

  /** The id of one; {@code index} is 0 to {@link #size} - 1. */
  int token(int index);

  /** Its logit, after all stages of the chain but the one that chooses. */
  float logit(int index);

  /**
   * Changes a logit.
   *
   * @throws IllegalArgumentException if {@code value} is NaN or positive infinity
   */
  void logit(int index, float value);

  /** The token must not come. At least one has to be left. */
  default void forbid(int index) {
    logit(index, Float.NEGATIVE_INFINITY);
  }

  /** Which token of the answer is to be chosen, counted from 0. */
  int step();

  /** The token that was chosen before; -1 for the first. */
  int previousToken();
}
