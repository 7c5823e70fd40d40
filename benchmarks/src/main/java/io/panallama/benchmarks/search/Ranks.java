package io.panallama.benchmarks.search;

import java.util.List;

/**
 * Where the right passages stood among those that were found. Immutable.
 *
 * @param ranks for each question the place of its passage, from 1; 0 if it was not found
 */
public record Ranks(List<Integer> ranks) {
  /** Copies the list. */
  public Ranks {
    ranks = List.copyOf(ranks);
  }

  /** The share of questions whose passage is among the first {@code k}. */
  public double recallAt(int k) {
    return (double) ranks.stream().filter(rank -> rank > 0 && rank <= k).count() / ranks.size();
  }

  /** The mean reciprocal rank; a passage that was not found counts as 0. */
  public double meanReciprocalRank() {
    return ranks.stream().mapToDouble(rank -> rank == 0 ? 0 : 1.0 / rank).sum() / ranks.size();
  }
}
