package io.panallama.internal.llama;

import io.panallama.config.EngineConfig;
import io.panallama.embedding.Pooling;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.StateStore;
import java.util.function.Supplier;

/**
 * A {@link LlamaContext} that generates or pools, with its batch, memory, outputs and states, each in its own class.
 *
 * <p>Confined to the thread that created it, except where {@link Decoder} and {@link StateStore} allow any thread.
 */
public final class NativeDecoder implements Decoder {
  private final Owned owned;
  private final LlamaContext context;
  private final NativeBatch batch;
  private final KvMemory memory;
  private final Outputs outputs;
  private final StateStore states;
  private final int sequenceIds;
  private final int sequenceContextSize;

  private NativeDecoder(
      Owned owned,
      LlamaContext context,
      NativeBatch batch,
      KvMemory memory,
      Outputs outputs,
      StateStore states,
      int trainedContextSize) {
    this.owned = owned;
    this.context = context;
    this.batch = batch;
    this.memory = memory;
    this.outputs = outputs;
    this.states = states;
    this.sequenceIds = context.sequenceIds();
    int most = context.sequenceContextSize();
    this.sequenceContextSize = trainedContextSize > 0 ? Math.min(most, trainedContextSize) : most;
  }

  /**
   * Creates a context on the calling thread and retains the model until {@link #close}.
   *
   * @param config without {@link EngineConfig#AUTO}
   * @throws EngineStartException if llama.cpp rejects the configuration, or the model does not generate token by token
   * @throws IllegalStateException if the model is closed
   */
  public static NativeDecoder create(ModelHandle model, EngineConfig config) {
    return Owned.build(owned -> {
      LlamaContext context = owned.add(LlamaContext.create(model, config), LlamaContext::close);
      // For embedding and diffusion models llama_decode would encode instead, and assert on larger batches.
      if (context.memory().address() == 0) {
        throw new EngineStartException(
            Reason.NOT_A_DECODER,
            "This is an embedding model, which generates no text. `panallama embed -m FILE`, `serve --embedding-model"
                + " FILE` and, in Java, an Embedder give its vectors; if it ranks or classifies, a Reranker or a"
                + " Classifier gives its scores.",
            null);
      }
      NativeMemory memory = owned.add(new NativeMemory(context, model, config), NativeMemory::close);
      int sequenceIds = context.sequenceIds();
      NativeBatch batch =
          owned.add(
              NativeBatch.create(
                  context.batchSize(),
                  ContextParams.outputs(sequenceIds, config.slots()),
                  model.vocabularySize(),
                  sequenceIds),
              NativeBatch::close);
      NativeSamples samples = owned.add(NativeSamples.create(context, config), NativeSamples::close);
      NativeState states = owned.add(new NativeState(context, memory, model, config), NativeState::close);
      return new NativeDecoder(
          owned, context, batch, memory, samples, states, config.rope().contextSize(model.trainedContextSize()));
    });
  }

  /**
   * Creates a context that pools: it computes a vector for each sequence of a batch, or for each of its rows, and no tokens. What a model that
   * generates remembers of the sequences must be removed before the next batch.
   *
   * @param config without {@link EngineConfig#AUTO}; its batch is computed at once, and its slots are the sequences of a
   *     batch
   * @throws EngineStartException if llama.cpp rejects the configuration
   * @throws IllegalStateException if the model is closed
   */
  public static NativeDecoder createPooling(ModelHandle model, EngineConfig config, Pooling pooling) {
    return createPooling(
        model,
        config,
        () -> LlamaContext.createPooling(model, config, pooling),
        model.pooledSize(),
        pooling != Pooling.NONE);
  }

  /**
   * Creates a context that gives the scores of the model's head for each sequence of a batch, otherwise like
   * {@link #createPooling}.
   *
   * @param scores how many the head gives
   */
  public static NativeDecoder createScoring(ModelHandle model, EngineConfig config, int scores) {
    return createPooling(model, config, () -> LlamaContext.createScoring(model, config), scores, true);
  }

  private static NativeDecoder createPooling(
      ModelHandle model, EngineConfig config, Supplier<LlamaContext> contexts, int pooledSize, boolean pools) {
    return Owned.build(owned -> {
      LlamaContext context = owned.add(contexts.get(), LlamaContext::close);
      KvMemory memory = KvMemory.NONE;
      if (context.memory().address() != 0) {
        memory = owned.add(new NativeMemory(context, model, config), NativeMemory::close);
      }
      NativeBatch batch =
          owned.add(
              NativeBatch.create(config.batchSize(), config.batchSize(), model.vocabularySize(), context.sequenceIds()),
              NativeBatch::close);
      return new NativeDecoder(
          owned,
          context,
          batch,
          memory,
          new PooledOutputs(context, pooledSize, pools),
          StateStore.NONE,
          model.trainedContextSize());
    });
  }

  @Override
  public int sequenceIds() {
    return sequenceIds;
  }

  @Override
  public int sequenceContextSize() {
    return sequenceContextSize;
  }

  @Override
  public Batch batch() {
    return batch;
  }

  @Override
  public KvMemory memory() {
    return memory;
  }

  @Override
  public Outputs outputs() {
    return outputs;
  }

  @Override
  public StateStore states() {
    return states;
  }

  @Override
  public Status decode() {
    return context.decode(batch.filled());
  }

  @Override
  public String failure() {
    return context.failure();
  }

  @Override
  public void requestAbort() {
    context.requestAbort();
  }

  @Override
  public void clearAbort() {
    context.clearAbort();
  }

  @Override
  public void close() {
    owned.close();
  }
}
