package io.panallama.internal.engine;

import io.panallama.internal.decode.Outputs;
import java.util.OptionalInt;

/**
 * Which tokens of a prompt have been handed out with their log-probabilities, where those are wanted. The log-probability of a
 * token comes from the output of the position before it; the first one has none. Engine thread only.
 */
final class ScoredPrompt {
  private final boolean isWanted;
  private final int alternatives;
  private final int length;
  private int scored;

  /**
   * @param alternatives how many each token has; empty if no log-probabilities are wanted
   * @param length number of the prompt's tokens
   */
  ScoredPrompt(OptionalInt alternatives, int length) {
    this.isWanted = alternatives.isPresent();
    this.alternatives = alternatives.orElse(0);
    this.length = length;
  }

  /** Whether log-probabilities are wanted that were not handed out yet. */
  boolean isPending() {
    return isWanted && scored < length;
  }

  int alternatives() {
    return alternatives;
  }

  /** Whether not even the first token was handed out. */
  boolean isUntouched() {
    return scored == 0;
  }

  /** The first position whose output is still needed. */
  int firstUnscored() {
    return Math.max(1, scored) - 1;
  }

  /** Records that the first {@code count} tokens were handed out. */
  void handedOut(int count) {
    scored = count;
  }

  /** Nothing more is handed out. */
  void end() {
    scored = length;
  }

  /** Whether the output at this position is needed. */
  boolean needsOutput(int position) {
    return isPending() && position >= firstUnscored() && position < length - 1;
  }

  /** How many of the positions from {@code from} to before {@code end} need an output. */
  int outputs(int from, int end) {
    return isPending() ? Math.max(0, Math.min(end, length - 1) - Math.max(from, firstUnscored())) : 0;
  }

  /** How many tokens, at most {@code most}, can follow the first {@code cached} ones in a chunk. */
  int chunkLimit(int cached, int most) {
    return isPending() ? Math.min(most, Math.max(0, firstUnscored() - cached) + Outputs.PROMPT_ROWS) : most;
  }

  /** How many of the first {@code most} tokens may come from a cache, which has no outputs. */
  int reusable(int most) {
    return isPending() ? Math.min(most, firstUnscored()) : most;
  }
}
