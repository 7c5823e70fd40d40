package io.panallama.benchmarks.search;

import io.panallama.TextEmbedder;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.TokenVectors;
import io.panallama.search.query.PassageRanker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Ranks passages by the vectors of their tokens: each token of the query counts with the cosine of the passage's token that is
 * most like it (Khattab and Zaharia, "ColBERT: Efficient and Effective Passage Search via Contextualized Late Interaction over
 * BERT", SIGIR 2020). Keeps the vectors of all passages that it has seen. Not thread-safe.
 */
final class LateInteraction implements PassageRanker {
  private final TextEmbedder embedder;
  private final Map<String, float[][]> known = new HashMap<>();

  /** Ranks by an embedder without pooling, which the caller closes. */
  LateInteraction(TextEmbedder embedder) {
    this.embedder = embedder;
  }

  @Override
  public float[] score(String query, List<String> passages) {
    List<String> unknown = passages.stream().distinct().filter(passage -> !known.containsKey(passage)).toList();
    List<float[][]> computed = vectors(unknown, EmbeddingTask.DOCUMENT);
    for (int i = 0; i < computed.size(); i++) {
      known.put(unknown.get(i), computed.get(i));
    }
    float[][] asked = vectors(List.of(query), EmbeddingTask.QUERY).getFirst();
    float[] scores = new float[passages.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = likeness(asked, Objects.requireNonNull(known.get(passages.get(i))));
    }
    return scores;
  }

  private List<float[][]> vectors(List<String> texts, EmbeddingTask task) {
    EmbeddingOptions options = EmbeddingOptions.builder().task(task).longText(LongText.TRUNCATE).build();
    List<float[][]> vectors = new ArrayList<>();
    for (TokenVectors text : texts.isEmpty() ? List.<TokenVectors>of() : embedder.tokenVectors(texts, options)) {
      vectors.add(text.vectors());
    }
    return vectors;
  }

  private static float likeness(float[][] query, float[][] passage) {
    float sum = 0;
    for (float[] asked : query) {
      float best = -1;
      for (float[] token : passage) {
        best = Math.max(best, UnitVectors.dot(asked, token));
      }
      sum += best;
    }
    return sum / query.length;
  }
}
