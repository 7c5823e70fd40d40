package io.panallama.internal.cache;

import java.util.Arrays;

/**
 * The places in a sequence at which a copy of its state is wanted, because this kind of model can't go back to them later.
 * A step must not compute past one. Engine thread only.
 */
final class Checkpoints {
  private int[] positions = new int[4];
  private int size;

  /** Wants a copy after the first {@code position} tokens. */
  void add(int position) {
    if (!isAt(position)) {
      if (size == positions.length) {
        positions = Arrays.copyOf(positions, 2 * size);
      }
      positions[size++] = position;
    }
  }

  /** Wants no copies any more. */
  void clear() {
    size = 0;
  }

  boolean isAt(int position) {
    for (int i = 0; i < size; i++) {
      if (positions[i] == position) {
        return true;
      }
    }
    return false;
  }

  /** How many tokens can follow the first {@code position} ones before the next place, at most {@code most}. */
  int distance(int position, int most) {
    int distance = most;
    for (int i = 0; i < size; i++) {
      if (positions[i] > position) {
        distance = Math.min(distance, positions[i] - position);
      }
    }
    return distance;
  }
}
