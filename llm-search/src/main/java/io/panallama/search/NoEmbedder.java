package io.panallama.search;

import io.panallama.TextEmbedder;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.ingest.TokenCounter;
import java.util.List;

/** Stands for the model of a collection that is opened without one. */
record NoEmbedder(String model, int dimensions) implements TextEmbedder, TokenCounter {
  private SearchException refused() {
    return new SearchException(
        Reason.INVALID_QUERY,
        "The collection was opened without its embedding model, "
            + model
            + ": only searches by words or by vectors that are given are possible.");
  }

  @Override
  public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
    throw refused();
  }

  @Override
  public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
    throw refused();
  }

  @Override
  public int count(String text) {
    throw refused();
  }

  @Override
  public int maxTokens() {
    return Integer.MAX_VALUE;
  }
}
