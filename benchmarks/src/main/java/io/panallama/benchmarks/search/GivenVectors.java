package io.panallama.benchmarks.search;

import io.panallama.TextEmbedder;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import java.util.List;

/**
 * Stands for a model where all vectors are given.
 *
 * @param dimensions of the vectors
 */
record GivenVectors(int dimensions) implements TextEmbedder {
  @Override
  public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
    throw new UnsupportedOperationException("All vectors are given.");
  }

  @Override
  public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
    throw new UnsupportedOperationException("All vectors are given.");
  }

  @Override
  public int maxTokens() {
    return 512;
  }
}
