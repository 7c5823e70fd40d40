package io.panallama.embedding;

import io.panallama.error.InvalidRequestException;

/** How a vector is scaled. A vector of zeros stays as it is. */
public sealed interface Normalization {
  /** To a length of 1, so that the dot product of two vectors is their cosine. */
  Normalization L2 = new Norm(2);

  /** Not at all. */
  Normalization NONE = new None();

  /** To a largest absolute value of 1. */
  Normalization MAX_ABS = new MaxAbs();

  /** No scaling. */
  record None() implements Normalization {}

  /** A largest absolute value of 1. */
  record MaxAbs() implements Normalization {}

  /**
   * A p-norm of 1.
   *
   * @param p 1 (the sum of the absolute values), 2 (the Euclidean length), or more
   */
  record Norm(int p) implements Normalization {
    /** The largest p: with larger ones the powers of small numbers are 0. */
    public static final int MAX = 32;

    /**
     * Validates the value.
     *
     * @throws InvalidRequestException if {@code p} is not 1 to {@link #MAX}
     */
    public Norm {
      if (p < 1 || p > MAX) {
        throw new InvalidRequestException(
            "normalization.p",
            InvalidRequestException.name("normalization.p") + " is " + p + "; it must be 1 to " + MAX + ".");
      }
    }
  }
}
