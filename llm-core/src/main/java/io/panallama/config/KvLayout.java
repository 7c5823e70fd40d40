package io.panallama.config;

/**
 * How the sequences of an engine divide the KV cache (llama.cpp: {@code kv_unified}).
 *
 * <p>Attention over a unified cache reads the cells of all sequences and masks those of others. That costs nothing with
 * one sequence, and much with many unrelated ones: 16 streams of the 30M model at a depth of 512 take 16 to 20 ms per
 * step, and 11 to 14 ms in a split cache (Zen 4, 2 threads).
 */
public enum KvLayout {
  /**
   * {@link #SPLIT} if each slot can then have as many cells as one sequence may use of a unified cache, in no more than
   * an eighth of the host's available memory and half of a GPU's, and if the model's attention reaches over all tokens
   * without a sliding window or a recurrent state; otherwise {@link #UNIFIED}. An engine with one slot has no use for
   * it.
   */
  AUTO,
  /** All sequences share all cells: one may use all of them, and a common prefix exists once. */
  UNIFIED,
  /**
   * Each slot has {@code contextSize / slots} cells of its own, rounded up to 256. A common prefix is copied from one
   * slot to another.
   */
  SPLIT
}
