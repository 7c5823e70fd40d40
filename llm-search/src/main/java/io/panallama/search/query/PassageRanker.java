package io.panallama.search.query;

import io.panallama.TextReranker;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.RerankOptions;
import java.util.List;
import java.util.Objects;

/** Scores passages for a query, usually by a model that reads both together. Implementations must be thread-safe. */
@FunctionalInterface
public interface PassageRanker {
  /**
   * Scores passages.
   *
   * @param query the text of the query
   * @param passages the passages' texts; at least one
   * @return a score for each passage, in their order; higher is better. NaN is refused.
   */
  float[] score(String query, List<String> passages);

  /**
   * Scores by a reranking model. The end of a passage is left out if it is too long together with the query.
   *
   * @param reranker used as long as the result is; its owner closes it
   */
  static PassageRanker of(TextReranker reranker) {
    Objects.requireNonNull(reranker, "reranker");
    int together = 256;
    RerankOptions options = RerankOptions.builder().truncate(true).build();
    return (query, passages) -> {
      float[] scores = new float[passages.size()];
      for (int from = 0; from < scores.length; from += together) {
        List<String> some = passages.subList(from, Math.min(scores.length, from + together));
        for (RankedDocument document : reranker.rank(query, some, options).documents()) {
          scores[from + document.index()] = document.score();
        }
      }
      return scores;
    };
  }
}
