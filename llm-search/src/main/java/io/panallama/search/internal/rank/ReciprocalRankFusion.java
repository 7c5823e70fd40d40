package io.panallama.search.internal.rank;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reciprocal rank fusion: the score of an item is the sum of 1 / (k + place) over the rankings that have it, with places from 1
 * and k = 60 (Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
 * Methods", SIGIR 2009). Scores of the rankings don't count, so they need not be comparable.
 */
public final class ReciprocalRankFusion {
  /** The constant of the paper. */
  public static final int K = 60;

  private ReciprocalRankFusion() {}

  /**
   * An item with its score.
   *
   * @param item what is ranked
   * @param score higher is better
   */
  public record Scored<T>(T item, double score) {}

  /** All items, best first; those with equal scores in the order in which the rankings, one after the other, name them. */
  public static <T> List<Scored<T>> fuse(List<List<T>> rankings) {
    Map<T, Double> scores = new LinkedHashMap<>();
    for (List<T> ranking : rankings) {
      for (int place = 1; place <= ranking.size(); place++) {
        scores.merge(ranking.get(place - 1), 1.0 / (K + place), Double::sum);
      }
    }
    List<Scored<T>> fused = new ArrayList<>();
    scores.forEach((item, score) -> fused.add(new Scored<>(item, score)));
    fused.sort(Comparator.<Scored<T>>comparingDouble(Scored::score).reversed());
    return fused;
  }
}
