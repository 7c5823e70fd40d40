package io.panallama.search;

import io.panallama.TextEmbedder;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;

/** Vectors without a model: the sum of one random vector per word, so texts with the same words are near each other. */
class WordEmbedder implements TextEmbedder {
  private final int dimensions;

  WordEmbedder(int dimensions) {
    this.dimensions = dimensions;
  }

  static CollectionEmbedder named(String model, int dimensions) {
    return new CollectionEmbedder(model, new WordEmbedder(dimensions), text -> (int) words(text).count());
  }

  static Stream<String> words(String text) {
    return Stream.of(text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+")).filter(word -> !word.isEmpty());
  }

  @Override
  public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
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
