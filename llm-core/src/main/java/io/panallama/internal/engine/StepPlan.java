package io.panallama.internal.engine;

import java.util.Arrays;

/** Which sequences take part in a step, and with how many tokens each. Reused from step to step. */
final class StepPlan {
  private final Sequence[] sequences;
  private final int[] counts;
  private int size;
  private int promptTokens;

  StepPlan(int slots) {
    sequences = new Sequence[slots];
    counts = new int[slots];
  }

  void clear() {
    Arrays.fill(sequences, 0, size, null);
    size = 0;
    promptTokens = 0;
  }

  /** Adds tokens for a sequence, which may be in the plan already. */
  void add(Sequence sequence, int count) {
    if (!sequence.isGenerating()) {
      promptTokens += count;
    }
    for (int i = 0; i < size; i++) {
      if (sequences[i] == sequence) {
        counts[i] += count;
        return;
      }
    }
    sequences[size] = sequence;
    counts[size] = count;
    size++;
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  Sequence sequence(int index) {
    return sequences[index];
  }

  int count(int index) {
    return counts[index];
  }

  /** Tokens of the plan that belong to prefills. */
  int promptTokens() {
    return promptTokens;
  }

  /** Whether the step reaches the end of what is missing, so that a token can be sampled after it. */
  boolean completes(int index) {
    return counts[index] == sequences[index].missing();
  }

  int planned(Sequence sequence) {
    for (int i = 0; i < size; i++) {
      if (sequences[i] == sequence) {
        return counts[i];
      }
    }
    return 0;
  }
}
