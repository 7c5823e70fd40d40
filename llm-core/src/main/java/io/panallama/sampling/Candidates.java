package io.panallama.sampling;

/**
 * The tokens that a {@link LogitProcessor} may choose between: those the chain left, likeliest first. A view that is reused for the next token; use it only during the call it is passed to.
 */
public interface Candidates {
  /** The number of candidates, at least 1. */
  int size();

  /** The token id of a candidate; {@code index} is 0 to {@link #size} - 1. */
  int token(int index);

  /** Its logit, after all stages of the chain except the selecting one. */
  float logit(int index);

  /**
   * Changes a logit.
   *
   * @throws IllegalArgumentException if {@code value} is NaN or positive infinity
   */
  void logit(int index, float value);

  /** Forbids a candidate. At least one must be left. */
  default void forbid(int index) {
    logit(index, Float.NEGATIVE_INFINITY);
  }

  /** The position in the answer of the token to be chosen, counted from 0. */
  int step();

  /** The previously chosen token; -1 for the first. */
  int previousToken();
}
