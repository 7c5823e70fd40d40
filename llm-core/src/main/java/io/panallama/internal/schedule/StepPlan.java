package io.panallama.internal.schedule;

import java.util.Arrays;

/**
 * The sequences that take part in a step, and the number of tokens of each. Reused from step to step; engine thread
 * only.
 *
 * @param <S> the type of sequence
 */
public final class StepPlan<S extends Schedulable> {
  private final Schedulable[] sequences;
  private final int[] counts;
  private int size;
  private int generating;
  private int promptTokens;
  private int longTokens;

  public StepPlan(int slots) {
    sequences = new Schedulable[slots];
    counts = new int[slots];
  }

  void clear() {
    Arrays.fill(sequences, 0, size, null);
    size = 0;
    generating = 0;
    promptTokens = 0;
    longTokens = 0;
  }

  /** Adds the one token of a generating sequence; before any prompt. */
  void addGenerating(S sequence) {
    append(sequence, 1);
    generating++;
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

  /** Number of sequences in the plan that generate a token without a prompt; they come before those with prompts. */
  public int generating() {
    return generating;
  }

  /** Drops prompt tokens, those planned last first, until at most {@code most} are left. */
  public void limitPrompts(int most) {
    while (promptTokens > most) {
      int dropped = Math.min(counts[size - 1], promptTokens - most);
      counts[size - 1] -= dropped;
      promptTokens -= dropped;
      if (counts[size - 1] == 0) {
        sequences[--size] = null;
      }
    }
    longTokens = Math.min(longTokens, promptTokens);
  }

  /**
   * Leaves out prompts that need outputs for their log-probabilities until at most {@code most} are needed. One that needs no
   * more by itself is never left out if it comes first.
   */
  public void limitScored(int most) {
    int left = most;
    int kept = generating;
    for (int i = generating; i < size; i++) {
      int wanted = sequences[i].scoredAmong(counts[i]);
      if (wanted > left) {
        promptTokens -= counts[i];
      } else {
        left -= wanted;
        sequences[kept] = sequences[i];
        counts[kept++] = counts[i];
      }
    }
    Arrays.fill(sequences, kept, size, null);
    size = kept;
    longTokens = Math.min(longTokens, promptTokens);
  }

  /** Whether the step computes everything a sequence is missing, so that a token can be sampled after it. */
  public boolean completes(int index) {
    return counts[index] == sequences[index].missing();
  }

  /** Number of the prompt tokens that belong to long prompts. */
  public int longTokens() {
    return longTokens;
  }

  void longTokens(int count) {
    longTokens = count;
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
