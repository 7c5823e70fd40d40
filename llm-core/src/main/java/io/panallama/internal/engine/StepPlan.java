package io.panallama.internal.engine;

import java.util.Arrays;

/** Which sequences take part in a step, and with how many tokens each. Reused from step to step. */
final class StepPlan {
  private final Sequence[] sequences;
  private final int[] counts;
  private int size;
  private int promptTokens;
  private boolean filledUp;

  StepPlan(int slots) {
    sequences = new Sequence[slots];
    counts = new int[slots];
  }

  void clear() {
    Arrays.fill(sequences, 0, size, null);
    size = 0;
    promptTokens = 0;
    filledUp = false;
  }

  /** Adds the one token of a generating sequence. */
  void addGenerating(Sequence sequence) {
    append(sequence, 1);
  }

  /** Adds prompt tokens of a sequence, which may be in the plan already. */
  void addPrompt(Sequence sequence, int count) {
    promptTokens += count;
    for (int i = 0; i < size; i++) {
      if (sequences[i] == sequence) {
        counts[i] += count;
        return;
      }
    }
    append(sequence, count);
  }

  private void append(Sequence sequence, int count) {
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

  /** Sequences of the plan that get their next token without a prompt. */
  int generating() {
    int generating = 0;
    for (int i = 0; i < size; i++) {
      generating += sequences[i].isGenerating() ? 1 : 0;
    }
    return generating;
  }

  /** Whether the step reaches the end of what is missing, so that a token can be sampled after it. */
  boolean completes(int index) {
    return counts[index] == sequences[index].missing();
  }

  /** Whether short prompts got more than {@link StepBudget#promptTokens}. */
  boolean isFilledUp() {
    return filledUp;
  }

  void filledUp(boolean value) {
    filledUp = value;
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
