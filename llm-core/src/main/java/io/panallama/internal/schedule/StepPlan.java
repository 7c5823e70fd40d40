package io.panallama.internal.schedule;

import java.util.Arrays;

/**
 * The sequences that take part in a step, and the number of tokens of each. Reused from step to step; engine thread only.
 *
 * @param <S> the type of sequence
 */
public final class StepPlan<S extends Schedulable> {
  private final Schedulable[] sequences;
  private final int[] counts;
  private int size;
  private int promptTokens;
  private boolean filledUp;

  public StepPlan(int slots) {
    sequences = new Schedulable[slots];
    counts = new int[slots];
  }

  void clear() {
    Arrays.fill(sequences, 0, size, null);
    size = 0;
    promptTokens = 0;
    filledUp = false;
  }

  /** Adds the one token of a generating sequence. */
  void addGenerating(S sequence) {
    append(sequence, 1);
  }

  /** Adds prompt tokens of a sequence, which may be in the plan already. */
  void addPrompt(S sequence, int count) {
    promptTokens += count;
    for (int i = 0; i < size; i++) {
      if (sequences[i] == sequence) {
        counts[i] += count;
        return;
      }
    }
    append(sequence, count);
  }

  private void append(S sequence, int count) {
    sequences[size] = sequence;
    counts[size] = count;
    size++;
  }

  public int size() {
    return size;
  }

  public boolean isEmpty() {
    return size == 0;
  }

  @SuppressWarnings("unchecked") // only an S is ever stored
  public S sequence(int index) {
    return (S) sequences[index];
  }

  public int count(int index) {
    return counts[index];
  }

  /** Number of tokens in the plan that belong to prefills. */
  public int promptTokens() {
    return promptTokens;
  }

  /** Number of sequences in the plan that generate a token without a prompt. */
  public int generating() {
    int generating = 0;
    for (int i = 0; i < size; i++) {
      generating += sequences[i].isGenerating() ? 1 : 0;
    }
    return generating;
  }

  /** Whether the step computes everything a sequence is missing, so that a token can be sampled after it. */
  public boolean completes(int index) {
    return counts[index] == sequences[index].missing();
  }

  /** Whether short prompts got more than {@link StepBudget#promptTokens}. */
  public boolean isFilledUp() {
    return filledUp;
  }

  void filledUp(boolean value) {
    filledUp = value;
  }

  /** Number of tokens in the plan that belong to a sequence; 0 if it takes no part. */
  public int planned(S sequence) {
    for (int i = 0; i < size; i++) {
      if (sequences[i] == sequence) {
        return counts[i];
      }
    }
    return 0;
  }
}
