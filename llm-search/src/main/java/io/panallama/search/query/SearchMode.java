package io.panallama.search.query;

/** How passages are found. */
public enum SearchMode {
  /** By meaning: the passages whose vectors have the smallest angle to that of the query. */
  VECTOR,
  /**
   * By words: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009) over texts, titles
   * and headings, with Lucene's k1 = 1.2 and b = 0.75.
   */
  BM25,
  /**
   * By both: a passage's score is a weighted sum of its cosine and its BM25 score, both scaled to 0 to 1 among the candidates; see
   * {@link SearchRequest#vectorWeight}.
   */
  HYBRID
}
