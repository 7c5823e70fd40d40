package io.panallama.search.internal.rank;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.query.Passage;
import io.panallama.search.query.PassageRanker;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Passages in the order of a ranker's scores. */
public final class Ranking {
  private Ranking() {}

  /**
   * The best passages by a ranker; those with equal scores stay in their order.
   *
   * @throws SearchException if the ranker throws, or does not give a number for each passage
   */
  public static List<Passage> by(PassageRanker ranker, String query, List<Passage> passages, int limit) {
    if (passages.isEmpty()) {
      return passages;
    }
    float[] scores;
    try {
      scores = ranker.score(query, passages.stream().map(Passage::text).toList());
    } catch (RuntimeException failure) {
      throw new SearchException(
          Reason.RANKER_FAILED, "The passages could not be ranked: " + failure.getMessage(), failure);
    }
    if (scores.length != passages.size()) {
      throw new SearchException(
          Reason.RANKER_FAILED, "The ranker gave " + scores.length + " scores for " + passages.size() + " passages.");
    }
    List<Passage> ranked = new ArrayList<>();
    for (int i = 0; i < scores.length; i++) {
      if (Float.isNaN(scores[i])) {
        throw new SearchException(Reason.RANKER_FAILED, "The ranker's score of passage " + i + " is NaN.");
      }
      ranked.add(passages.get(i).withScore(scores[i], passages.get(i).ranks().withRanker(scores[i])));
    }
    ranked.sort(Comparator.comparingDouble(Passage::score).reversed());
    return List.copyOf(ranked.subList(0, Math.min(limit, ranked.size())));
  }
}
