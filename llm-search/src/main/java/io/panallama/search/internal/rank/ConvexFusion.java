package io.panallama.search.internal.rank;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes one ranking of two by a convex combination of their scores (Bruch, Gai and Ingber, "An Analysis of Fusion Functions for
 * Hybrid Retrieval", ACM TOIS 2023): the cosine of an item, scaled so that the least and the greatest cosine of the candidates by
 * vectors are 0 and 1, and its score by words as a share of the greatest one. Few candidates may be nearly equal; their differences
 * are not stretched beyond {@link #LEAST_RANGE}.
 */
public final class ConvexFusion {
  /** The least range of cosines that becomes 0 to 1. */
  static final double LEAST_RANGE = 0.2;

  private ConvexFusion() {}

  /**
   * An item with its score.
   *
   * @param item what is ranked
   * @param score higher is better; of a fusion 0 to 1
   */
  public record Scored<T>(T item, double score) {}

  /**
   * All items of both rankings, best first; those with equal scores in the order of the rankings.
   *
   * @param byVectors candidates with their cosines, best first
   * @param byWords candidates with their scores, which are positive, best first
   * @param cosines of items that only {@code byWords} has; one without an entry counts as the least
   * @param weight of the vectors, 0 to 1; the words have the rest
   */
  public static <T> List<Scored<T>> fuse(
      List<Scored<T>> byVectors, List<Scored<T>> byWords, Map<T, Double> cosines, double weight) {
    if (byVectors.isEmpty()) {
      return weighted(byWords, 1 - weight);
    }
    double greatest = byVectors.getFirst().score();
    double least = Math.min(byVectors.getLast().score(), greatest - LEAST_RANGE);
    Map<T, Double> vectors = new HashMap<>(cosines);
    Map<T, Double> words = new HashMap<>();
    Set<T> items = new LinkedHashSet<>();
    for (Scored<T> each : byVectors) {
      vectors.put(each.item(), each.score());
      items.add(each.item());
    }
    for (Scored<T> each : byWords) {
      words.put(each.item(), each.score() / byWords.getFirst().score());
      items.add(each.item());
    }
    List<Scored<T>> fused = new ArrayList<>();
    for (T item : items) {
      double above = vectors.getOrDefault(item, least) - least;
      double vector = Math.clamp(above / (greatest - least), 0, 1);
      fused.add(new Scored<>(item, weight * vector + (1 - weight) * words.getOrDefault(item, 0.0)));
    }
    fused.sort(Comparator.<Scored<T>>comparingDouble(Scored::score).reversed());
    return fused;
  }

  private static <T> List<Scored<T>> weighted(List<Scored<T>> ranking, double weight) {
    return ranking.stream()
        .map(each -> new Scored<>(each.item(), weight * each.score() / ranking.getFirst().score()))
        .toList();
  }
}
