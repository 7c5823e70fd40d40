package io.panallama.internal.worker;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.TokenVectors;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The embedder, reranker or classifier of a worker; what it is not can't be asked. A thread that waits for an answer may be
 * interrupted, which gives the texts up. Thread-safe.
 */
public interface TextBackend extends HostedModel {
  List<Embedding> embed(List<String> texts, EmbeddingOptions options);

  /**
   * Embeds texts without waiting for the result. They are tokenized at once, so they should be short.
   *
   * @return completed by the thread that computes, which also runs what depends on it; cancelling it gives up what is not being
   *     computed yet
   */
  CompletableFuture<List<Embedding>> submit(List<String> texts, EmbeddingOptions options);

  List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options);

  List<TokenVectors> tokenVectors(List<String> texts, EmbeddingOptions options);

  List<TokenVectors> tokenVectorsOf(List<int[]> texts, EmbeddingOptions options);

  Ranking rank(String query, List<String> documents, RerankOptions options);

  List<Classification> classify(List<String> texts, ClassifyOptions options);

  /** The tokens of a text, without those that the vocabulary puts around it. */
  int countTokens(String text);
}
