package io.panallama.scoring;

import java.util.List;

/**
 * Documents in the order of their scores.
 *
 * @param documents the best first, those of equal scores in the order in which they were given; at most
 *     {@link RerankOptions#topN}
 * @param tokens how many tokens were computed for all documents, those beyond {@link RerankOptions#topN} included
 */
public record Ranking(List<RankedDocument> documents, long tokens) {
  /** All components are required. */
  public Ranking {
    documents = List.copyOf(documents);
  }
}
