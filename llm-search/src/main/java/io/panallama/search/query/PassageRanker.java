package io.panallama.search.query;

import java.util.List;

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
}
