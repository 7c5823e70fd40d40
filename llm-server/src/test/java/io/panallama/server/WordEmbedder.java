package io.panallama.server;

import io.panallama.TextEmbedder;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.search.CollectionEmbedder;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Vectors without a model: the sum of one random vector per word, so texts with the same words are near each other. */
public final class WordEmbedder implements TextEmbedder {
  private final int dimensions;
  private volatile Runnable before = () -> {};
  private volatile @Nullable RuntimeException failure;

  public WordEmbedder(int dimensions) {
    this.dimensions = dimensions;
  }

  /** This one under a model's name. */
  public CollectionEmbedder named(String model) {
    return new CollectionEmbedder(model, this, text -> (int) words(text).count());
  }

  /** From now on this happens first whenever documents are embedded. */
  public void beforeDocuments(Runnable action) {
    before = action;
  }

  /** From now on every call fails so. */
  void failing(RuntimeException reason) {
    failure = reason;
  }

  private static Stream<String> words(String text) {
    return Stream.of(text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+")).filter(word -> !word.isEmpty());
  }

  @Override
  public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
    RuntimeException reason = failure;
    if (reason != null) {
      throw reason;
    }
    if (options.task() == EmbeddingTask.DOCUMENT) {
      before.run();
    }
    return texts.stream().map(text -> new Embedding(vector(text), (int) words(text).count(), false, 1)).toList();
  }

  private float[] vector(String text) {
    float[] sum = new float[dimensions];
    sum[0] = 1e-3f;
    words(text)
        .forEach(word -> {
          Random random = new Random(word.hashCode());
          for (int i = 0; i < dimensions; i++) {
            sum[i] += (float) random.nextGaussian();
          }
        });
    return sum;
  }

  @Override
  public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
    throw new UnsupportedOperationException();
  }

  @Override
  public int dimensions() {
    return dimensions;
  }

  @Override
  public int maxTokens() {
    return 512;
  }
}
