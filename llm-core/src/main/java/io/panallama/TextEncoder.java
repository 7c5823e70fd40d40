package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.GenerationException;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.embed.EmbeddingFront;
import io.panallama.internal.embed.EmbeddingJob;
import io.panallama.internal.embed.EmbeddingSettings;
import io.panallama.internal.embed.TextParts;
import io.panallama.internal.engine.StepObserver;
import io.panallama.internal.flight.MemoryFlight;
import io.panallama.internal.llama.EmbedderDefaults;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.prepare.Preparation;
import io.panallama.internal.prepare.PreparationPool;
import io.panallama.internal.request.LoadedModel;
import io.panallama.internal.request.RequestSize;
import io.panallama.observe.EngineState;
import io.panallama.observe.MemoryUse;
import io.panallama.observe.ModelFacts;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The model, the thread and the queue of an {@link Embedder}, a {@link Reranker} or a {@link Classifier}: tokenizes texts and
 * computes the outputs of each. Thread-safe.
 */
final class TextEncoder implements EncoderHost {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  /**
   * What an encoder computes.
   *
   * @param name "embedder", "reranker" or "classifier"
   * @param targetTokens how many tokens a batch of several texts has
   * @param decoder makes the decoder, on the encoder's thread
   */
  record Purpose(String name, int targetTokens, DecoderFactory decoder) {}

  /** Makes decoders. */
  @FunctionalInterface
  interface DecoderFactory {
    /**
     * Makes one.
     *
     * @param config without automatic values
     */
    Decoder create(ModelHandle model, EngineConfig context, EmbedderConfig config);
  }

  private final Model model;
  private final EmbedderConfig config;
  private final EmbeddingFront front;
  private final PreparationPool preparations;
  private final boolean ownsModel;
  private final int maxTokens;
  private final String name;
  private final List<MemoryUse> memory;
  private final TextParts.Frame frame;
  private final AtomicBoolean closed = new AtomicBoolean();

  private TextEncoder(
      Model model,
      EmbedderConfig config,
      EmbeddingFront front,
      String purpose,
      boolean ownsModel,
      String name,
      List<MemoryUse> memory) {
    this.name = name;
    this.memory = memory;
    this.model = model;
    this.config = config;
    this.front = front;
    this.ownsModel = ownsModel;
    int trained = model.trainedContextSize();
    this.maxTokens = trained > 0 ? Math.min(trained, config.batchSize()) : config.batchSize();
    this.frame = TextParts.Frame.of(tokenize("a", true), tokenize("a", false));
    this.preparations = LoadedModel.preparations(purpose, config.queueLimit(), EngineClosedException::new);
  }

  /**
   * Loads a model and starts what closes it.
   *
   * @param start starts it; if that fails, the model is closed
   */
  static <T> T load(Path file, ModelConfig config, Function<Model, T> start) {
    Model model = Model.load(file, config);
    try {
      return start.apply(model);
    } catch (Throwable failure) {
      model.close();
      throw failure;
    }
  }

  /**
   * Starts the thread.
   *
   * @param ownsModel whether {@link #close} closes the model
   * @param observer watches the batches
   * @param purpose says what is computed, after it has checked that the model can do it
   * @throws EngineStartException if the model is of no use, or there is not enough memory
   * @throws IllegalStateException if the model is closed
   */
  static TextEncoder start(
      Model model, EmbedderConfig config, boolean ownsModel, StepObserver observer, Supplier<Purpose> purpose) {
    requireUsable(model);
    LoadedModel loaded = model.loaded();
    loaded.retain();
    try {
      Purpose chosen = purpose.get();
      EmbedderConfig resolved = EmbedderDefaults.resolve(loaded.handle(), loaded.metadata(), config);
      EngineConfig context = EmbedderDefaults.context(loaded.handle(), resolved);
      EmbeddingSettings settings =
          new EmbeddingSettings(
              "panallama-" + chosen.name() + "-" + NUMBER.incrementAndGet(),
              resolved.queueLimit(),
              Math.min(chosen.targetTokens(), resolved.batchSize()),
              loaded.handle()::fileChange,
              observer);
      List<MemoryUse> memory = EmbedderDefaults.memory(loaded.handle(), loaded.config(), context);
      MemoryFlight flight = MemoryFlight.begin();
      EmbeddingFront front =
          EmbeddingFront.start(settings, () -> chosen.decoder().create(loaded.handle(), context, resolved));
      TextEncoder encoder = new TextEncoder(model, resolved, front, chosen.name(), ownsModel, settings.name(), memory);
      MemoryFlight.allocated(flight, encoder.name, memory);
      return encoder;
    } catch (Throwable failure) {
      loaded.release();
      throw failure;
    }
  }

  /**
   * Does nothing if a model can compute.
   *
   * @throws EngineStartException if it has no weights
   * @throws IllegalStateException if it is closed
   */
  static void requireUsable(Model model) {
    if (model.isClosed()) {
      throw new IllegalStateException("The model is closed.");
    }
    if (!model.hasWeights()) {
      throw new EngineStartException(
          Reason.VOCABULARY_ONLY, model.path() + " was loaded without its weights; it can't compute.", null);
    }
  }

  /**
   * Tokenizes short texts at once, and others where they can't hold the carrier of a virtual thread.
   *
   * @param length of all texts together
   * @throws EmbeddingException if the thread is interrupted while it waits; the interrupt is kept
   */
  <T> T prepared(long length, Preparation<T> tokenizing) {
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

  /** The tokens of a text, in which nothing becomes a special token. */
  int[] tokenize(String text, boolean addSpecial) {
    return model.tokenizer().tokenizeHere(text, addSpecial, false);
  }

  /** Computes texts, each as the parts that it is divided into; one array of outputs for each text. */
  float[][] compute(int priority, List<List<int[]>> texts) {
    return front.compute(new EmbeddingJob(priority, texts));
  }

  /** The same without waiting; see {@link EmbeddingFront#submit}. */
  CompletableFuture<float[][]> submit(int priority, List<List<int[]>> texts) {
    return front.submit(new EmbeddingJob(priority, texts));
  }

  @Override
  public Model model() {
    return model;
  }

  @Override
  public ModelFacts modelFacts() {
    return model.facts();
  }

  @Override
  public EmbedderConfig config() {
    return config;
  }

  @Override
  public int countTokens(String text) {
    return model.tokenizer().tokenize(text, false, false).length;
  }

  /** How many tokens a text may have, those that the vocabulary puts around it included. */
  int maxTokens() {
    return maxTokens;
  }

  /** What the vocabulary puts around a text. */
  TextParts.Frame frame() {
    return frame;
  }

  @Override
  public EngineState state() {
    return front.state();
  }

  @Override
  public Optional<Throwable> failure() {
    return Optional.ofNullable(front.failure());
  }

  @Override
  public int waiting() {
    return front.waiting();
  }

  @Override
  public int restarts() {
    return 0;
  }

  @Override
  public long pid() {
    return ProcessHandle.current().pid();
  }

  @Override
  public List<MemoryUse> memory() {
    return memory;
  }

  /** Ends the thread; calls that wait fail with {@link EngineClosedException}. Repeating it is harmless. */
  @Override
  public void close() {
    preparations.close();
    front.close();
    if (closed.compareAndSet(false, true)) {
      MemoryFlight.freed(name);
      model.loaded().release();
      if (ownsModel) {
        model.close();
      }
    }
  }
}
