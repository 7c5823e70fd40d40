package io.panallama.gguf;

import java.util.Arrays;

/** Supplies the elements of a tensor piece by piece while it is written. */
@FunctionalInterface
public interface FloatSource {
  /**
   * Supplies consecutive elements.
   *
   * @param first index of the first requested element, in storage order; calls come with ascending indexes
   * @param target receives them from index 0
   * @param count number of requested elements, at most the length of {@code target}
   */
  void read(long first, float[] target, int count);

  /** A source that reads an array. */
  static FloatSource of(float... values) {
    return (first, target, count) -> System.arraycopy(values, Math.toIntExact(first), target, 0, count);
  }

  /** A source that repeats one number. */
  static FloatSource constant(float value) {
    return (first, target, count) -> Arrays.fill(target, 0, count, value);
  }
}
