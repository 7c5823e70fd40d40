package io.panallama.server;

import io.panallama.TextEmbedder;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.server.registry.ServedModel;
import java.util.List;

/** An embedder whose vectors are the length of a text, or 100 and the number of its tokens. "far too long" is too long. */
final class ScriptedEmbedder implements TextEmbedder {
  /** What a server tells of it: its name is counting, or minilm. */
  static ServedModel model() {
    return ServedModel.builder("counting", 64).aliases(List.of("minilm")).build();
  }

  /** The options of the last call. */
  EmbeddingOptions options() {
    return options;
  }

  /** From now on every call does this. */
  void during(Runnable action) {
    during = action;
  }

  /** From now on every call fails so. */
  void failing(RuntimeException reason) {
    failure = reason;
  }

  /** From now on it gives a vector for each token, which is the length of the text and the token's position. */
  void withoutPooling() {
    pools = false;
  }

  private volatile boolean pools = true;
  private volatile EmbeddingOptions options = EmbeddingOptions.defaults();
  private volatile RuntimeException failure;
  private volatile Runnable during = () -> {};

  @Override
  public List<Embedding> embed(List<String> texts, EmbeddingOptions asked) {
    check(asked);
    for (int i = 0; i < texts.size(); i++) {
      if (texts.get(i).equals("far too long")) {
        throw new TextTooLongException(i, 99, 64);
      }
    }
    return texts.stream().map(text -> vector(text.length())).toList();
  }

  @Override
  public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions asked) {
    check(asked);
    for (int i = 0; i < texts.size(); i++) {
      if (texts.get(i)[0] < 0) {
        String name = "texts[" + i + "][0]";
        throw new InvalidRequestException(
            name, InvalidRequestException.name(name) + " has the token " + texts.get(i)[0] + ".");
      }
    }
    return texts.stream().map(text -> vector(100 + text.length)).toList();
  }

  @Override
  public boolean pools() {
    return pools;
  }

  @Override
  public List<TokenVectors> tokenVectors(List<String> texts, EmbeddingOptions asked) {
    check(asked);
    return texts.stream().map(text -> each(text.length(), text.length())).toList();
  }

  @Override
  public List<TokenVectors> tokenVectorsOf(List<int[]> texts, EmbeddingOptions asked) {
    check(asked);
    return texts.stream().map(text -> each(100 + text.length, text.length)).toList();
  }

  private static TokenVectors each(int first, int count) {
    float[][] vectors = new float[count][];
    for (int i = 0; i < count; i++) {
      vectors[i] = new float[] {first, i, 0, 0};
    }
    return new TokenVectors(new int[count], vectors, false);
  }

  private void check(EmbeddingOptions asked) {
    options = asked;
    during.run();
    if (failure != null) {
      throw failure;
    }
    if (asked.dimensions() > dimensions()) {
      throw new InvalidRequestException(
          "dimensions", InvalidRequestException.name("dimensions") + " is too much; the model's vectors have 4.");
    }
  }

  private static Embedding vector(int length) {
    return new Embedding(new float[] {length, 0, 0, 0}, 5, false, 1);
  }

  @Override
  public int dimensions() {
    return 4;
  }

  @Override
  public int maxTokens() {
    return 64;
  }

  @Override
  public int countTokens(String text) {
    return text.length();
  }
}
