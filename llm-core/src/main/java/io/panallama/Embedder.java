package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.Pooling;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelLoadException;
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
 * does not wait for ten thousand that another caller sent before.
 *
 * <p>Lifetime: from {@link #load} or {@link #start} to {@link #close}. Thread-safe.
 */
public final class Embedder implements TextEmbedder, AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  /** Batches of several texts don't grow beyond this many tokens, because the cost of attention grows with the square. */
  private static final int TARGET_TOKENS = 512;

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
              Math.min(TARGET_TOKENS, chosen.batchSize()),
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
    return compute(tokens(length, tokenizing), options);
  }

  @Override
  public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
    int size = model.handle().vocabularySize();
    List<int[]> copies = new ArrayList<>(texts.size());
    for (int i = 0; i < texts.size(); i++) {
      int[] copy = texts.get(i).clone();
      for (int token : copy) {
        if (token < 0 || token >= size) {
          String name = "texts[" + i + "]";
          throw new InvalidRequestException(
              name,
              InvalidRequestException.name(name)
                  + " has the token "
                  + token
                  + "; the vocabulary has 0 to "
                  + (size - 1)
                  + ".");
        }
      }
      copies.add(copy);
    }
    return compute(copies, options);
  }

  /** Tokenizes short texts at once, and others where they can't hold the carrier of a virtual thread. */
  private List<int[]> tokens(long length, Preparation<List<int[]>> tokenizing) {
    front.requireRunning();
    try {
      return length <= Tokenizer.SHORT
          ? tokenizing.run(() -> {})
          : preparations.run(length > RequestSize.LARGE, tokenizing, _ -> {});
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

  private List<Embedding> compute(List<int[]> texts, EmbeddingOptions options) {
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
    float[][] vectors =
        front.compute(new EmbeddingJob(options.priority(), parts.stream().map(TextParts::parts).toList()));
    List<Embedding> result = new ArrayList<>(vectors.length);
    for (int i = 0; i < vectors.length; i++) {
      float[] vector =
          options.dimensions() == EmbeddingOptions.ALL ? vectors[i] : Vectors.leading(vectors[i], options.dimensions());
      Vectors.normalize(vector, options.normalization());
      TextParts text = parts.get(i);
      result.add(new Embedding(vector, text.tokens(), text.truncated(), text.parts().size()));
    }
    return result;
  }

  // ---- the embedder ----

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
