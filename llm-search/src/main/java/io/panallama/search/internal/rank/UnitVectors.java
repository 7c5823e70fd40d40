package io.panallama.search.internal.rank;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;

/** Vectors of length 1, whose dot product is their cosine. */
public final class UnitVectors {
  private UnitVectors() {}

  /**
   * A scaled copy of a vector.
   *
   * @param what the vector, as the beginning of a message
   * @throws SearchException if it has other dimensions, or no direction
   */
  public static float[] of(String what, float[] vector, int dimensions) {
    if (vector.length != dimensions) {
      throw new SearchException(
          Reason.WRONG_DIMENSIONS,
          what + " has " + vector.length + " dimensions; those of this collection have " + dimensions + ".");
    }
    double squares = 0;
    for (int i = 0; i < vector.length; i++) {
      if (!Float.isFinite(vector[i])) {
        throw new SearchException(
            Reason.INVALID_VECTOR, what + " is " + vector[i] + " at index " + i + "; all numbers must be finite.");
      }
      squares += (double) vector[i] * vector[i];
    }
    if (squares == 0) {
      throw new SearchException(Reason.INVALID_VECTOR, what + " is all zeros; it has no direction to compare.");
    }
    double length = Math.sqrt(squares);
    float[] unit = new float[vector.length];
    for (int i = 0; i < unit.length; i++) {
      unit[i] = (float) (vector[i] / length);
    }
    return unit;
  }
}
