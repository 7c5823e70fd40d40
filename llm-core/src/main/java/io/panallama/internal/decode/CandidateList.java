package io.panallama.internal.decode;

import io.panallama.sampling.Candidates;

/** The candidates of one generation, on the heap, so that a processor still running after its time limit does no harm. */
public final class CandidateList implements Candidates {
  private final int[] tokens;
  private final float[] logits;
  private int size;
  private int step = -1;
  private int previousToken = -1;

  public CandidateList(int capacity) {
    this.tokens = new int[capacity];
    this.logits = new float[capacity];
  }

  /** Starts the next token with {@code count} candidates, which are then set by {@link #set}. */
  public void begin(int count) {
    size = count;
    step++;
  }

  public void set(int index, int token, float logit) {
    tokens[index] = token;
    logits[index] = logit;
  }

  /** Records the token that was chosen. */
  public void chosen(int token) {
    previousToken = token;
  }

  /** Whether any candidate is left to choose. */
  public boolean anyLeft() {
    for (int i = 0; i < size; i++) {
      if (logits[i] > Float.NEGATIVE_INFINITY) {
        return true;
      }
    }
    return false;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int token(int index) {
    return tokens[checked(index)];
  }

  @Override
  public float logit(int index) {
    return logits[checked(index)];
  }

  @Override
  public void logit(int index, float value) {
    if (Float.isNaN(value) || value == Float.POSITIVE_INFINITY) {
      throw new IllegalArgumentException("The logit " + value + " is not a finite number or negative infinity.");
    }
    logits[checked(index)] = value;
  }

  private int checked(int index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("candidate " + index + " of " + size);
    }
    return index;
  }

  @Override
  public int step() {
    return step;
  }

  @Override
  public int previousToken() {
    return previousToken;
  }
}
