package io.panallama.gguf;

import java.util.Arrays;

/** Where the elements of a tensor come from while it is written, piece by piece. */
@FunctionalInterface
public interface FloatSource {
  /**
   * Supplies consecutive elements.
   *
   * @param first index of the first element wanted, in storage order; calls come with ascending indexes
   * @param target receives them from index 0
   * @param count how many are wanted, at most the length of {@code target}
   */
  void read(long first, float[] target, int count);

  /** The elements of an array. */
  static FloatSource of(float... values) {
    return (first, target, count) -> System.arraycopy(values, Math.toIntExact(first), target, 0, count);
  }

  /** One number for all elements. */
  static FloatSource constant(float value) {
    return (first, target, count) -> Arrays.fill(target, 0, count, value);
  }
}
