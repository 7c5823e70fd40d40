package io.panallama.server.dialect.fields;

import io.panallama.server.dialect.ApiException;

/**
 * The field {@code ranking_options} of a search in files. There is one ranking, by meaning and words, so {@code ranker} and {@code
 * hybrid_search} choose nothing.
 *
 * @param scoreThreshold the least score of a passage, 0 to 1
 */
public record RankingOptions(double scoreThreshold) {
  private static final String FIELD = "ranking_options";
  private static final String THRESHOLD = "score_threshold";

  /**
   * Reads the field of an object.
   *
   * @throws ApiException if a part of it is wrong
   */
  public static RankingOptions read(JsonFields object) {
    JsonFields fields = object.object(FIELD);
    if (fields == null) {
      return new RankingOptions(0);
    }
    Float threshold = fields.number(THRESHOLD);
    if (threshold != null && !(threshold >= 0 && threshold <= 1)) {
      String path = fields.path(THRESHOLD);
      throw ApiException.invalid(path, path + " is " + fields.shown(THRESHOLD) + "; it must be 0 to 1.");
    }
    fields.accept("ranker");
    fields.ignoreUnknown();
    return new RankingOptions(threshold == null ? 0 : threshold);
  }
}
