package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelLoadException;
import io.panallama.internal.embed.EmbeddingCall;
import io.panallama.internal.embed.EmbeddingFront;
import io.panallama.internal.embed.EmbeddingJob;
import io.panallama.internal.embed.EmbeddingSettings;
import io.panallama.internal.embed.TextParts;
import io.panallama.internal.embed.Vectors;
import io.panallama.internal.llama.EmbedderDefaults;
import io.panallama.internal.llama.NativeDecoder;
import io.panallama.internal.prepare.Preparation;
import io.panallama.internal.prepare.PreparationPool;
import io.panallama.internal.request.LoadedModel;
import io.panallama.internal.request.RequestSize;
import io.panallama.observe.EngineState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

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
  private static final AtomicInteger NUMBER = new AtomicInteger();

  /**
   * Tokens of a batch of several texts on a CPU. MiniLM (F16, one thread, texts of 8 and 30 tokens) computes 2.5 tokens in a
   * millisecond in batches of 128 and 256, 2.3 in those of 64, and 2.0 to 2.4 in those of 512, because the cost of attention grows
   * with the square; and a text that comes waits for the end of a batch.
   */
  private static final int CPU_TOKENS = 128;

  /** The same where a GPU computes, which takes larger batches to be busy. */
  private static final int DEVICE_TOKENS = 512;

  private final Model model;
  private final EmbedderConfig config;
  private final EmbeddingFront front;
  private final PreparationPool preparations;
  private final boolean ownsModel;
  private final int maxTokens;
  private final int dimensions;
  private final TextParts.Frame frame;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Embedder(Model model, EmbedderConfig config, EmbeddingFront front, boolean ownsModel) {
    this.model = model;
    this.config = config;
    this.front = front;
    this.ownsModel = ownsModel;
    int trained = model.trainedContextSize();
    this.maxTokens = trained > 0 ? Math.min(trained, config.batchSize()) : config.batchSize();
    this.dimensions = model.handle().pooledSize();
    this.frame = TextParts.Frame.of(tokenize("a"), model.tokenizer().tokenizeHere("a", false, false));
    this.preparations = LoadedModel.preparations("embedder", config.queueLimit(), EngineClosedException::new);
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
    Model model = Model.load(file, modelConfig);
    try {
      return start(model, config, true);
    } catch (Throwable failure) {
      model.close();
      throw failure;
    }
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
    if (model.isClosed()) {
      throw new IllegalStateException("The model is closed.");
    }
    LoadedModel loaded = model.loaded();
    loaded.retain();
    try {
      requireVectors(model);
      EmbedderConfig chosen = EmbedderDefaults.resolve(loaded.handle(), loaded.metadata(), config);
      EngineConfig context = EmbedderDefaults.context(loaded.handle(), chosen);
      EmbeddingSettings settings =
          new EmbeddingSettings(
              "panallama-embedder-" + NUMBER.incrementAndGet(),
              chosen.queueLimit(),
              Math.min(loaded.handle().isOffloaded() ? DEVICE_TOKENS : CPU_TOKENS, chosen.batchSize()),
              loaded.handle()::fileChange);
      return new Embedder(
          model,
          chosen,
          EmbeddingFront.start(settings, () -> NativeDecoder.createPooling(loaded.handle(), context, chosen.pooling())),
          ownsModel);
    } catch (Throwable failure) {
      loaded.release();
      throw failure;
    }
  }

  private static void requireVectors(Model model) {
    if (!model.hasWeights()) {
      throw new EngineStartException(
          Reason.VOCABULARY_ONLY, model.path() + " was loaded without its weights; it can't compute.", null);
    }
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
    Preparation<List<int[]>> tokenizing =
        checkpoint -> {
          List<int[]> all = new ArrayList<>(texts.size());
          for (String text : texts) {
            checkpoint.run();
            all.add(tokenize(prefix + text));
          }
          return all;
        };
    return tokens(length, tokenizing);
  }

  private List<int[]> checked(List<int[]> texts) {
    int size = model.handle().vocabularySize();
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

  /** Tokenizes short texts at once, and others where they can't hold the carrier of a virtual thread. */
  private List<int[]> tokens(long length, Preparation<List<int[]>> tokenizing) {
    front.requireRunning();
    try {
      return length <= Tokenizer.SHORT
          ? tokenizing.run(() -> {})
          : preparations.run(length > RequestSize.LARGE, tokenizing, _ -> {});
    } catch (GenerationException ended) {
      if (ended.reason() == GenerationException.Reason.INTERRUPTED) {
        throw new EmbeddingException(
            EmbeddingException.Reason.INTERRUPTED, "Interrupted while the texts were tokenized.", ended);
      }
      throw ended;
    } catch (IllegalStateException modelClosed) {
      // If it was closed in the meantime, the caller gets that as the reason.
      front.requireRunning();
      throw modelClosed;
    }
  }

  private int[] tokenize(String text) {
    return model.tokenizer().tokenizeHere(text, true, false);
  }

  private String prefix(EmbeddingTask task) {
    return switch (task) {
      case PLAIN -> "";
      case QUERY -> config.queryPrefix().orElse("");
      case DOCUMENT -> config.documentPrefix().orElse("");
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
      parts.add(TextParts.of(i, texts.get(i), frame, maxTokens, options.longText()));
    }
    return parts;
  }

  private float[][] compute(List<TextParts> parts, EmbeddingOptions options) {
    return front.compute(new EmbeddingJob(options.priority(), parts.stream().map(TextParts::parts).toList()));
  }

  // ---- the embedder ----

  @Override
  public boolean pools() {
    return config.pooling() != Pooling.NONE;
  }

  @Override
  public int dimensions() {
    return dimensions;
  }

  @Override
  public int maxTokens() {
    return maxTokens;
  }

  /** The configuration, with every {@link EmbedderConfig#AUTO} and {@link Pooling#MODEL} replaced by what was chosen. */
  public EmbedderConfig config() {
    return config;
  }

  /** The model; its owner closes it. */
  public Model model() {
    return model;
  }

  public EngineState state() {
    return front.state();
  }

  /** The error that ended the embedder. */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(front.failure());
  }

  /** How many texts wait to be computed. */
  public int waiting() {
    return front.waiting();
  }

  /** Ends the embedder; calls that wait fail with {@link EngineClosedException}. Repeating it is harmless. */
  @Override
  public void close() {
    preparations.close();
    front.close();
    if (closed.compareAndSet(false, true)) {
      model.loaded().release();
      if (ownsModel) {
        model.close();
      }
    }
  }
}
