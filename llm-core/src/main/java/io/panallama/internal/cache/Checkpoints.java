package io.panallama.internal.cache;

import java.util.Arrays;

/**
 * The positions at which the state of a sequence must be copied, because its kind of model can't be rewound to them later. A step must not compute past one. Engine thread only.
 */
final class Checkpoints {
  private int[] positions = new int[4];
  private int size;

  /** Adds a checkpoint after the first {@code position} tokens. */
  void add(int position) {
    if (!isAt(position)) {
      if (size == positions.length) {
        positions = Arrays.copyOf(positions, 2 * size);
      }
      positions[size++] = position;
    }
  }

  /** Removes all checkpoints. */
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

  /** How many tokens, at most {@code most}, can follow the first {@code position} ones before the next checkpoint. */
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
