package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.embed.TextParts;
import io.panallama.internal.embed.Vectors;
import io.panallama.internal.engine.StepObserver;
import io.panallama.internal.llama.EmbedderDefaults;
import io.panallama.internal.llama.NativeDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** An embedder that computes in this process. Thread-safe. */
final class LocalEmbedder implements TextEmbedder {
  /**
   * Tokens of a batch of several texts on a CPU. MiniLM (F16, one thread, texts of 8 and 30 tokens) computes 2.5 tokens in a
   * millisecond in batches of 128 and 256, 2.3 in those of 64, and 2.0 to 2.4 in those of 512, because the cost of attention grows
   * with the square; and a text that comes waits for the end of a batch.
   */
  private static final int CPU_TOKENS = 128;

  /** The same where a GPU computes, which takes larger batches to be busy. */
  private static final int DEVICE_TOKENS = 512;

  private final TextEncoder encoder;
  private final int dimensions;

  private LocalEmbedder(TextEncoder encoder) {
    this.encoder = encoder;
    this.dimensions = encoder.model().handle().pooledSize();
  }

  static LocalEmbedder start(Model model, EmbedderConfig config, boolean ownsModel, StepObserver observer) {
    return new LocalEmbedder(
        TextEncoder.start(
            model,
            config,
            ownsModel,
            observer,
            () -> {
              requireVectors(model);
              return new TextEncoder.Purpose(
                  "embedder",
                  model.handle().isOffloaded() ? DEVICE_TOKENS : CPU_TOKENS,
                  (handle, context, chosen) -> NativeDecoder.createPooling(handle, context, chosen.pooling()));
            }));
  }

  private static void requireVectors(Model model) {
    if (!model.isTextDecoder()) {
      throw new EngineStartException(
          Reason.NOT_AN_EMBEDDER,
          model.path() + " is a " + model.architecture() + " model, which gives no vectors of a text alone.",
          null);
    }
    if (EmbedderDefaults.givesScores(model.metadata())) {
      throw new EngineStartException(
          Reason.NOT_AN_EMBEDDER,
          model.path()
              + " is a model that ranks or classifies texts; it gives no vectors. A Reranker or a Classifier gives its"
              + " scores.",
          null);
    }
  }

  @Override
  public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
    requirePooling();
    return embeddings(tokenized(texts, options), options);
  }

  /**
   * Embeds texts without waiting for the result. The texts are tokenized at once, so they should be short.
   *
   * @return completed by the thread that computes, which also runs what depends on it; cancelling it gives up what is not being
   *     computed yet
   */
  CompletableFuture<List<Embedding>> submit(List<String> texts, EmbeddingOptions options) {
    requirePooling();
    List<TextParts> parts = parts(tokenized(texts, options), options);
    CompletableFuture<float[][]> computed = encoder.submit(options.priority(), lists(parts));
    CompletableFuture<List<Embedding>> result = computed.thenApply(vectors -> embeddings(parts, vectors, options));
    var _ =
        result.whenComplete((_, _) -> {
          if (result.isCancelled()) {
            computed.cancel(false);
          }
        });
    return result;
  }

  @Override
  public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
    requirePooling();
    return embeddings(checked(texts), options);
  }

  @Override
  public List<TokenVectors> tokenVectors(List<String> texts, EmbeddingOptions options) {
    requireNoPooling();
    return tokenVectorsOfChecked(tokenized(texts, options), options);
  }

  @Override
  public List<TokenVectors> tokenVectorsOf(List<int[]> texts, EmbeddingOptions options) {
    requireNoPooling();
    return tokenVectorsOfChecked(checked(texts), options);
  }

  private void requirePooling() {
    if (!pools()) {
      throw new InvalidRequestException(
          "pooling", "The embedder has no pooling, so only tokens have vectors (tokenVectors) and a text has none.");
    }
  }

  private void requireNoPooling() {
    if (pools()) {
      throw new InvalidRequestException(
          "pooling", "The embedder pools, so a text has one vector; start it with Pooling.NONE for those of tokens.");
    }
  }

  private List<int[]> tokenized(List<String> texts, EmbeddingOptions options) {
    String prefix = prefix(options.task());
    long length = 0;
    for (String text : texts) {
      length += prefix.length() + text.length();
    }
    return encoder.prepared(
        length,
        checkpoint -> {
          List<int[]> all = new ArrayList<>(texts.size());
          for (String text : texts) {
            checkpoint.run();
            all.add(encoder.tokenize(prefix + text, true));
          }
          return all;
        });
  }

  private List<int[]> checked(List<int[]> texts) {
    int size = encoder.model().handle().vocabularySize();
    List<int[]> copies = new ArrayList<>(texts.size());
    for (int i = 0; i < texts.size(); i++) {
      int[] copy = texts.get(i).clone();
      for (int at = 0; at < copy.length; at++) {
        if (copy[at] < 0 || copy[at] >= size) {
          String name = "texts[" + i + "][" + at + "]";
          throw new InvalidRequestException(
              name,
              InvalidRequestException.name(name)
                  + " is the token "
                  + copy[at]
                  + "; the vocabulary has 0 to "
                  + (size - 1)
                  + ".");
        }
      }
      copies.add(copy);
    }
    return copies;
  }

  private String prefix(EmbeddingTask task) {
    return switch (task) {
      case PLAIN -> "";
      case QUERY -> encoder.config().queryPrefix().orElse("");
      case DOCUMENT -> encoder.config().documentPrefix().orElse("");
    };
  }

  private List<Embedding> embeddings(List<int[]> texts, EmbeddingOptions options) {
    List<TextParts> parts = parts(texts, options);
    return embeddings(parts, compute(parts, options), options);
  }

  private static List<Embedding> embeddings(List<TextParts> parts, float[][] vectors, EmbeddingOptions options) {
    List<Embedding> result = new ArrayList<>(vectors.length);
    for (int i = 0; i < vectors.length; i++) {
      TextParts text = parts.get(i);
      float[] vector = finished(vectors[i], options);
      result.add(new Embedding(vector, text.tokens(), text.truncated(), text.parts().size()));
    }
    return result;
  }

  private List<TokenVectors> tokenVectorsOfChecked(List<int[]> texts, EmbeddingOptions options) {
    if (options.longText() == LongText.MEAN_OF_PARTS) {
      throw new InvalidRequestException(
          "longText",
          InvalidRequestException.name("longText")
              + " is MEAN_OF_PARTS, but vectors of tokens have no mean; it must be REFUSE or TRUNCATE.");
    }
    List<TextParts> parts = parts(texts, options);
    float[][] vectors = compute(parts, options);
    List<TokenVectors> result = new ArrayList<>(vectors.length);
    for (int i = 0; i < vectors.length; i++) {
      int[] tokens = parts.get(i).parts().getFirst();
      float[][] each = Vectors.divided(vectors[i], tokens.length);
      for (int token = 0; token < each.length; token++) {
        each[token] = finished(each[token], options);
      }
      result.add(new TokenVectors(tokens, each, parts.get(i).truncated()));
    }
    return result;
  }

  /** The vector as the caller wants it. */
  private static float[] finished(float[] vector, EmbeddingOptions options) {
    float[] leading =
        options.dimensions() == EmbeddingOptions.ALL ? vector : Vectors.leading(vector, options.dimensions());
    Vectors.normalize(leading, options.normalization());
    return leading;
  }

  private List<TextParts> parts(List<int[]> texts, EmbeddingOptions options) {
    if (options.dimensions() > dimensions) {
      throw new InvalidRequestException(
          "dimensions",
          InvalidRequestException.name("dimensions")
              + " is "
              + options.dimensions()
              + "; the model's vectors have "
              + dimensions
              + ".");
    }
    List<TextParts> parts = new ArrayList<>(texts.size());
    for (int i = 0; i < texts.size(); i++) {
      parts.add(TextParts.of(i, texts.get(i), encoder.frame(), encoder.maxTokens(), options.longText()));
    }
    return parts;
  }

  private float[][] compute(List<TextParts> texts, EmbeddingOptions options) {
    return encoder.compute(options.priority(), lists(texts));
  }

  private static List<List<int[]>> lists(List<TextParts> texts) {
    return texts.stream().map(TextParts::parts).toList();
  }

  TextEncoder encoder() {
    return encoder;
  }

  @Override
  public boolean pools() {
    return encoder.config().pooling() != Pooling.NONE;
  }

  @Override
  public int dimensions() {
    return dimensions;
  }

  @Override
  public int maxTokens() {
    return encoder.maxTokens();
  }
}
