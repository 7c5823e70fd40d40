package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelLoadException;
import io.panallama.internal.embed.EmbeddingCall;
import io.panallama.internal.embed.TextParts;
import io.panallama.internal.embed.Vectors;
import io.panallama.internal.llama.EmbedderDefaults;
import io.panallama.internal.llama.NativeDecoder;
import io.panallama.observe.EngineState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Turns texts into vectors with an embedding model, such as a BERT of sentence-transformers, or with a model that
 * generates text.
 *
 * <pre>{@code
 * try (Embedder embedder = Embedder.load(Path.of("minilm.gguf"))) {
 *   float[] question = embedder.embed("How do I reset my password?").vector();
 *   List<Embedding> documents = embedder.embed(List.of("Forgot your login?", "The stock market fell."));
 * }
 * }</pre>
 *
 * <p>One platform thread computes for all callers, as many texts at once as make a batch. Calls wait for their result; a
 * virtual thread that waits holds no carrier. Calls of one priority get equal shares of the computed tokens, so one text
 * does not wait for ten thousand that another caller sent before. A caller that is interrupted gives up the texts that are
 * not being computed yet; {@link #submit} does not wait, and its future can be cancelled.
 *
 * <p>Lifetime: from {@link #load} or {@link #start} to {@link #close}. Thread-safe.
 */
public final class Embedder implements TextEmbedder, AutoCloseable {
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

  private Embedder(TextEncoder encoder) {
    this.encoder = encoder;
    this.dimensions = encoder.model().handle().pooledSize();
  }

  /** Loads a model and starts an embedder on it with {@link EmbedderConfig#defaults()}. */
  public static Embedder load(Path file) {
    return load(file, ModelConfig.defaults(), EmbedderConfig.defaults());
  }

  /**
   * Loads a model and starts an embedder on it, which closes the model when it is closed.
   *
   * @throws ModelLoadException if the file can't be read or loaded
   * @throws EngineStartException as {@link #start}
   */
  public static Embedder load(Path file, ModelConfig modelConfig, EmbedderConfig config) {
    return TextEncoder.load(file, modelConfig, model -> start(model, config, true));
  }

  /**
   * Starts an embedder on a model, which the caller closes.
   *
   * @throws EngineStartException if the model has no weights or gives no vectors, or there is not enough memory
   * @throws IllegalStateException if the model is closed
   */
  public static Embedder start(Model model, EmbedderConfig config) {
    return start(model, config, false);
  }

  private static Embedder start(Model model, EmbedderConfig config, boolean ownsModel) {
    return new Embedder(
        TextEncoder.start(
            model,
            config,
            ownsModel,
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

  // ---- embedding ----

  /** Embeds a text with {@link EmbeddingOptions#defaults()}; see {@link #embed(List, EmbeddingOptions)}. */
  public Embedding embed(String text) {
    return embed(List.of(text)).getFirst();
  }

  /** Embeds texts with {@link EmbeddingOptions#defaults()}; see {@link #embed(List, EmbeddingOptions)}. */
  public List<Embedding> embed(List<String> texts) {
    return embed(texts, EmbeddingOptions.defaults());
  }

  @Override
  public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
    requirePooling();
    return embeddings(tokenized(texts, options), options);
  }

  @Override
  public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
    requirePooling();
    return embeddings(checked(texts), options);
  }

  /**
   * Embeds texts without waiting. Cancelling the future, whatever {@code mayInterruptIfRunning} is, gives up the texts that
   * are not being computed yet.
   *
   * @return fails with what {@link #embed(List, EmbeddingOptions)} throws
   */
  public CompletableFuture<List<Embedding>> submit(List<String> texts, EmbeddingOptions options) {
    List<String> copy = List.copyOf(texts);
    return EmbeddingCall.start(() -> embed(copy, options));
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
    float[][] vectors = compute(parts, options);
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
    return encoder.compute(options.priority(), texts.stream().map(TextParts::parts).toList());
  }

  // ---- the embedder ----

  @Override
  public boolean pools() {
    return config().pooling() != Pooling.NONE;
  }

  @Override
  public int dimensions() {
    return dimensions;
  }

  @Override
  public int maxTokens() {
    return encoder.maxTokens();
  }

  /** The configuration, with every {@link EmbedderConfig#AUTO} and {@link Pooling#MODEL} replaced by what was chosen. */
  public EmbedderConfig config() {
    return encoder.config();
  }

  /** The model; its owner closes it. */
  public Model model() {
    return encoder.model();
  }

  public EngineState state() {
    return encoder.state();
  }

  /** The error that ended the embedder. */
  public Optional<Throwable> failure() {
    return encoder.failure();
  }

  /** How many texts wait to be computed. */
  public int waiting() {
    return encoder.waiting();
  }

  /** Ends the embedder; calls that wait fail with {@link EngineClosedException}. Repeating it is harmless. */
  @Override
  public void close() {
    encoder.close();
  }
}
