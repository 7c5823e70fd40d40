package io.panallama.embedding;

/**
 * What a text is to be compared with. Some models were trained with another prefix for each, such as
 * {@code "search_query: "}; see {@link io.panallama.config.EmbedderConfig#queryPrefix}.
 */
public enum EmbeddingTask {
  /** The text stands as it is. */
  PLAIN,
  /** A question, to be compared with documents. */
  QUERY,
  /** A document that questions are compared with. */
  DOCUMENT
}
