package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.embedding.Pooling;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.internal.engine.StepObserver;
import io.panallama.internal.llama.MetadataOverrides;
import io.panallama.internal.llama.NativeDecoder;
import io.panallama.internal.llama.ScoringHead;
import io.panallama.internal.request.LoadedModel;
import io.panallama.observe.EngineState;
import io.panallama.observe.MemoryUse;
import io.panallama.observe.ModelFacts;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The encoder of a {@link Reranker} or a {@link Classifier}, whose model has a head that gives scores. Thread-safe. */
record Scorer(TextEncoder encoder, ScoringHead head) implements EncoderHost {
  /** As in {@link LocalEmbedder}: the cost of attention grows with the square. */
  private static final int TARGET_TOKENS = 512;

  /**
   * Starts the encoder.
   *
   * @param observer watches the batches
   * @param name "reranker" or "classifier"
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
      StepObserver observer,
      String name,
      Reason misfit,
      Function<ScoringHead, String> why) {
    TextEncoder.requireUsable(model);
    if (config.pooling() != Pooling.MODEL) {
      throw new IllegalArgumentException(
          "pooling is " + config.pooling() + "; a " + name + " takes what its model's head needs: MODEL.");
    }
    LoadedModel loaded = model.loaded();
    loaded.retain();
    try {
      ScoringHead head = head(model, name, misfit);
      String useless = why.apply(head);
      if (!useless.isEmpty()) {
        throw new EngineStartException(misfit, model.path() + " " + useless, null);
      }
      int outputs = head.labels().size();
      TextEncoder.Purpose purpose =
          new TextEncoder.Purpose(
              name, TARGET_TOKENS, (handle, context, _) -> NativeDecoder.createScoring(handle, context, outputs));
      return new Scorer(TextEncoder.start(model, config, ownsModel, observer, () -> purpose), head);
    } finally {
      loaded.release();
    }
  }

  private static ScoringHead head(Model model, String name, Reason misfit) {
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
                    + name
                    + ". An Embedder gives vectors with it, which can be compared; an Engine runs it if it generates"
                    + " text.",
                null));
  }

  /** The configuration without automatic values, except that what pooled vectors would be made of has no meaning here. */
  @Override
  public EmbedderConfig config() {
    return encoder.config().toBuilder().pooling(Pooling.MODEL).build();
  }

  @Override
  public Model model() {
    return encoder.model();
  }

  @Override
  public ModelFacts modelFacts() {
    return encoder.modelFacts();
  }

  @Override
  public int countTokens(String text) {
    return encoder.countTokens(text);
  }

  @Override
  public EngineState state() {
    return encoder.state();
  }

  @Override
  public Optional<Throwable> failure() {
    return encoder.failure();
  }

  @Override
  public int waiting() {
    return encoder.waiting();
  }

  @Override
  public int restarts() {
    return encoder.restarts();
  }

  @Override
  public long pid() {
    return encoder.pid();
  }

  @Override
  public List<MemoryUse> memory() {
    return encoder.memory();
  }

  @Override
  public void close() {
    encoder.close();
  }
}
