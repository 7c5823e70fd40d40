package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.embedding.Pooling;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.internal.embed.EmbeddingFront;
import io.panallama.internal.embed.EmbeddingJob;
import io.panallama.internal.embed.EmbeddingSettings;
import io.panallama.internal.embed.TextParts;
import io.panallama.internal.llama.EmbedderDefaults;
import io.panallama.internal.llama.MetadataOverrides;
import io.panallama.internal.llama.NativeDecoder;
import io.panallama.internal.llama.ScoringHead;
import io.panallama.internal.prepare.Preparation;
import io.panallama.internal.prepare.PreparationPool;
import io.panallama.internal.request.LoadedModel;
import io.panallama.internal.request.RequestSize;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** The model, the thread and the queue of a {@link Reranker} or a {@link Classifier}. Thread-safe. */
final class Scorer implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  /** As in {@link Embedder}: the cost of attention grows with the square. */
  private static final int TARGET_TOKENS = 512;

  private final Model model;
  private final EmbedderConfig config;
  private final ScoringHead head;
  private final EmbeddingFront front;
  private final PreparationPool preparations;
  private final boolean ownsModel;
  private final int maxTokens;
  private final TextParts.Frame frame;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Scorer(Model model, EmbedderConfig config, ScoringHead head, EmbeddingFront front, boolean ownsModel) {
    this.model = model;
    this.config = config;
    this.head = head;
    this.front = front;
    this.ownsModel = ownsModel;
    int trained = model.trainedContextSize();
    this.maxTokens = trained > 0 ? Math.min(trained, config.batchSize()) : config.batchSize();
    this.frame = TextParts.Frame.of(tokenize("a", true), tokenize("a", false));
    this.preparations = LoadedModel.preparations("scorer", config.queueLimit(), EngineClosedException::new);
  }

  /**
   * Starts the thread.
   *
   * @param what it is for: "reranker" or "classifier"
   * @param misfit the reason of the exception if the model is of no use
   * @param why says why a model with this head is of no use, as the end of a sentence that begins with its file; empty
   *     if it is of use
   * @throws EngineStartException if the model is of no use, or there is not enough memory
   * @throws IllegalStateException if the model is closed
   * @throws IllegalArgumentException if the configuration chooses a pooling
   */
  static Scorer start(
      Model model,
      EmbedderConfig config,
      boolean ownsModel,
      String what,
      Reason misfit,
      Function<ScoringHead, String> why) {
    if (model.isClosed()) {
      throw new IllegalStateException("The model is closed.");
    }
    if (config.pooling() != Pooling.MODEL) {
      throw new IllegalArgumentException(
          "pooling is " + config.pooling() + "; a " + what + " takes what its model's head needs: MODEL.");
    }
    LoadedModel loaded = model.loaded();
    loaded.retain();
    try {
      ScoringHead head = head(model, what, misfit);
      String useless = why.apply(head);
      if (!useless.isEmpty()) {
        throw new EngineStartException(misfit, model.path() + " " + useless, null);
      }
      EmbedderConfig chosen = EmbedderDefaults.resolve(loaded.handle(), loaded.metadata(), config);
      EngineConfig context = EmbedderDefaults.context(loaded.handle(), chosen);
      EmbeddingSettings settings =
          new EmbeddingSettings(
              "panallama-" + what + "-" + NUMBER.incrementAndGet(),
              chosen.queueLimit(),
              Math.min(TARGET_TOKENS, chosen.batchSize()),
              loaded.handle()::fileChange);
      int outputs = head.labels().size();
      return new Scorer(
          model,
          // What pooled vectors would be made of has no meaning here.
          chosen.toBuilder().pooling(Pooling.MODEL).build(),
          head,
          EmbeddingFront.start(settings, () -> NativeDecoder.createScoring(loaded.handle(), context, outputs)),
          ownsModel);
    } catch (Throwable failure) {
      loaded.release();
      throw failure;
    }
  }

  private static ScoringHead head(Model model, String what, Reason misfit) {
    if (!model.hasWeights()) {
      throw new EngineStartException(
          Reason.VOCABULARY_ONLY, model.path() + " was loaded without its weights; it can't compute.", null);
    }
    GgufFile file = MetadataOverrides.apply(GgufFile.read(model.path()), model.loaded().config());
    return ScoringHead.of(model.handle(), file)
        .filter(_ -> model.isTextDecoder())
        .orElseThrow(() ->
            new EngineStartException(
                misfit,
                model.path()
                    + " is a "
                    + model.architecture()
                    + " model without a head that gives scores (cls.weight, cls.output.weight), so it is no "
                    + what
                    + ". An Embedder gives vectors with it, which can be compared; an Engine runs it if it generates"
                    + " text.",
                null));
  }

  /** Tokenizes short texts at once, and others where they can't hold the carrier of a virtual thread. */
  <T> T prepared(long length, Preparation<T> tokenizing) {
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

  int[] tokenize(String text, boolean addSpecial) {
    return model.tokenizer().tokenizeHere(text, addSpecial, false);
  }

  /** Computes texts, each as the parts that it is divided into; one array of outputs for each text. */
  float[][] compute(int priority, List<List<int[]>> texts) {
    return front.compute(new EmbeddingJob(priority, texts));
  }

  Model model() {
    return model;
  }

  EmbedderConfig config() {
    return config;
  }

  ScoringHead head() {
    return head;
  }

  EmbeddingFront front() {
    return front;
  }

  int maxTokens() {
    return maxTokens;
  }

  /** What the vocabulary puts around a text. */
  TextParts.Frame frame() {
    return frame;
  }

  /** Repeating it is harmless. */
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
