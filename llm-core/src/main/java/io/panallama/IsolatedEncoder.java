package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.LoadListener;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.IsolationException;
import io.panallama.internal.worker.StartOrder;
import io.panallama.internal.worker.Supervisor;
import io.panallama.internal.worker.TextClient;
import io.panallama.internal.worker.TextRole;
import io.panallama.internal.worker.WorkerFacts;
import io.panallama.internal.worker.Workload;
import io.panallama.observe.EngineState;
import io.panallama.observe.MemoryUse;
import io.panallama.observe.ModelFacts;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A process that computes for an {@link Embedder}, a {@link Reranker} or a {@link Classifier}. Thread-safe. */
final class IsolatedEncoder implements EncoderHost {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final TextRole role;
  private final Path file;
  private final @Nullable Model model;
  private final EmbedderConfig config;
  private final Supervisor supervisor;
  private final TextClient client;
  private final WorkerFacts.Texts facts;

  private IsolatedEncoder(
      TextRole role, Path file, @Nullable Model model, EmbedderConfig wanted, Supervisor supervisor) {
    this.role = role;
    this.file = file;
    this.model = model;
    this.supervisor = supervisor;
    this.client = supervisor.texts();
    this.facts = supervisor.facts().texts();
    this.config =
        facts.config().toBuilder().isolation(wanted.isolation()).isolationConfig(wanted.isolationConfig()).build();
  }

  /** Starts a process that loads the file of a model. */
  static IsolatedEncoder launch(TextRole role, Model model, EmbedderConfig config) {
    if (model.isClosed()) {
      throw new IllegalStateException("The model is closed.");
    }
    // Progress is that of the load which has been seen already.
    ModelConfig again = model.loaded().config().toBuilder().listener(LoadListener.NONE).build();
    return launch(role, model.path(), model, again, config);
  }

  /** Starts a process that loads a file, which nothing of this process does. */
  static IsolatedEncoder launch(TextRole role, Path file, ModelConfig model, EmbedderConfig config) {
    return launch(role, file, null, model, config);
  }

  private static IsolatedEncoder launch(
      TextRole role, Path file, @Nullable Model model, ModelConfig loading, EmbedderConfig config) {
    StartOrder order = new StartOrder(file.toAbsolutePath(), loading, new Workload.Texts(role, config));
    String name = "panallama-" + name(role) + "-supervisor-" + NUMBER.incrementAndGet();
    Supervisor supervisor = Supervisor.start(order, WorkerMain.class.getName(), name);
    return new IsolatedEncoder(role, file, model, config, supervisor);
  }

  private static String name(TextRole role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  TextEmbedder embedder() {
    return new Embeddings();
  }

  private final class Embeddings implements TextEmbedder {
    @Override
    public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
      return client.embed(texts, options);
    }

    @Override
    public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
      return client.embedTokens(texts, options);
    }

    @Override
    public List<TokenVectors> tokenVectors(List<String> texts, EmbeddingOptions options) {
      return client.tokenVectors(texts, options);
    }

    @Override
    public List<TokenVectors> tokenVectorsOf(List<int[]> texts, EmbeddingOptions options) {
      return client.tokenVectorsOf(texts, options);
    }

    @Override
    public boolean pools() {
      return config.pooling() != Pooling.NONE;
    }

    @Override
    public int dimensions() {
      return facts.dimensions();
    }

    @Override
    public int maxTokens() {
      return facts.maxTokens();
    }
  }

  TextReranker reranker() {
    return new TextReranker() {
      @Override
      public Ranking rank(String query, List<String> documents, RerankOptions options) {
        return client.rank(query, documents, options);
      }

      @Override
      public int maxTokens() {
        return facts.maxTokens();
      }
    };
  }

  TextClassifier classifier() {
    return new TextClassifier() {
      @Override
      public List<Classification> classify(List<String> texts, ClassifyOptions options) {
        return client.classify(texts, options);
      }

      @Override
      public List<String> labels() {
        return facts.labels();
      }

      @Override
      public int maxTokens() {
        return facts.maxTokens();
      }
    };
  }

  @Override
  public EmbedderConfig config() {
    return config;
  }

  @Override
  public Model model() {
    if (model == null) {
      throw new IsolationException(
          file
              + " is loaded only in the "
              + name(role)
              + "'s own process. modelFacts() says what it is; start the "
              + name(role)
              + " on a Model to have one here.");
    }
    return model;
  }

  @Override
  public ModelFacts modelFacts() {
    return supervisor.facts().model();
  }

  @Override
  public int countTokens(String text) {
    return client.countTokens(text);
  }

  @Override
  public EngineState state() {
    return supervisor.state();
  }

  @Override
  public Optional<Throwable> failure() {
    return supervisor.failure();
  }

  @Override
  public int waiting() {
    return client.waiting();
  }

  @Override
  public int restarts() {
    return supervisor.restarts();
  }

  @Override
  public long pid() {
    return supervisor.pid();
  }

  @Override
  public List<MemoryUse> memory() {
    return supervisor.stats().detail().memory();
  }

  @Override
  public void close() {
    supervisor.close();
  }
}
