package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.TokenVectors;
import io.panallama.internal.engine.StepObserver;
import io.panallama.internal.worker.TextBackend;
import io.panallama.internal.worker.TextRole;
import io.panallama.internal.worker.WorkerFacts;
import io.panallama.observe.EngineDetail;
import io.panallama.observe.EngineStats;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The embedder, reranker or classifier of a worker. Thread-safe. */
final class WorkerTexts implements TextBackend {
  private final EncoderHost host;
  private final @Nullable LocalEmbedder embedder;
  private final @Nullable LocalReranker reranker;
  private final @Nullable LocalClassifier classifier;

  private WorkerTexts(
      EncoderHost host,
      @Nullable LocalEmbedder embedder,
      @Nullable LocalReranker reranker,
      @Nullable LocalClassifier classifier) {
    this.host = host;
    this.embedder = embedder;
    this.reranker = reranker;
    this.classifier = classifier;
  }

  /** Loads a model and starts what computes with it. */
  static WorkerTexts open(Path file, ModelConfig model, TextRole role, EmbedderConfig config, StepObserver observer) {
    return TextEncoder.load(file, model, loaded -> start(loaded, role, config, observer));
  }

  private static WorkerTexts start(Model model, TextRole role, EmbedderConfig config, StepObserver observer) {
    return switch (role) {
      case EMBEDDER -> {
        LocalEmbedder embedder = LocalEmbedder.start(model, config, true, observer);
        yield new WorkerTexts(embedder.encoder(), embedder, null, null);
      }
      case RERANKER -> {
        LocalReranker reranker = LocalReranker.start(model, config, true, observer);
        yield new WorkerTexts(reranker.scorer(), null, reranker, null);
      }
      case CLASSIFIER -> {
        LocalClassifier classifier = LocalClassifier.start(model, config, true, observer);
        yield new WorkerTexts(classifier.scorer(), null, null, classifier);
      }
    };
  }

  @Override
  public WorkerFacts facts() {
    int maxTokens =
        embedder != null ? embedder.maxTokens() : reranker != null ? reranker.maxTokens() : classifier().maxTokens();
    WorkerFacts.Texts texts =
        new WorkerFacts.Texts(
            host.config(),
            maxTokens,
            embedder == null ? 0 : embedder.dimensions(),
            classifier == null ? List.of() : classifier.labels());
    return new WorkerFacts(host.modelFacts(), texts, NativeRuntime.natives(), NativeRuntime.devices());
  }

  private LocalEmbedder embedder() {
    return present(embedder, "embeds");
  }

  private LocalReranker reranker() {
    return present(reranker, "ranks");
  }

  private LocalClassifier classifier() {
    return present(classifier, "classifies");
  }

  private static <T> T present(@Nullable T part, String does) {
    if (part == null) {
      throw new IllegalStateException("This worker " + does + " nothing.");
    }
    return part;
  }

  @Override
  public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
    return embedder().embed(texts, options);
  }

  @Override
  public CompletableFuture<List<Embedding>> submit(List<String> texts, EmbeddingOptions options) {
    return embedder().submit(texts, options);
  }

  @Override
  public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
    return embedder().embedTokens(texts, options);
  }

  @Override
  public List<TokenVectors> tokenVectors(List<String> texts, EmbeddingOptions options) {
    return embedder().tokenVectors(texts, options);
  }

  @Override
  public List<TokenVectors> tokenVectorsOf(List<int[]> texts, EmbeddingOptions options) {
    return embedder().tokenVectorsOf(texts, options);
  }

  @Override
  public Ranking rank(String query, List<String> documents, RerankOptions options) {
    return reranker().rank(query, documents, options);
  }

  @Override
  public List<Classification> classify(List<String> texts, ClassifyOptions options) {
    return classifier().classify(texts, options);
  }

  @Override
  public int countTokens(String text) {
    return host.countTokens(text);
  }

  @Override
  public EngineStats stats() {
    return new EngineStats(0, host.waiting(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        .withDetail(EngineDetail.NONE.withMemory(host.memory()));
  }

  @Override
  public Optional<Throwable> failure() {
    return host.failure();
  }

  @Override
  public void close() {
    host.close();
  }
}
