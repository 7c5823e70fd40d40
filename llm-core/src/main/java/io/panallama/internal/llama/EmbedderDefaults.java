package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Pooling;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.observe.MemoryUse;
import java.util.List;
import java.util.Map;

/** Replaces {@link EmbedderConfig#AUTO} by numbers, and checks what llama.cpp would end the process on. */
public final class EmbedderDefaults {
  /** Enough for the models of sentence-transformers, and the fewest where the file does not say. */
  private static final int SMALLEST_BATCH = 512;

  private static final int LARGEST_BATCH = 2048;

  /** The outputs of a batch that nobody asked for take at most this part of the free memory: one eighth. */
  private static final int OUTPUT_PART = 8;

  private EmbedderDefaults() {}

  /**
   * Replaces every {@link EmbedderConfig#AUTO}, and the model's pooling by what it is.
   *
   * @param metadata of the model
   */
  public static EmbedderConfig resolve(ModelHandle model, Map<String, String> metadata, EmbedderConfig config) {
    EngineConfig threads =
        EngineDefaults.resolve(
            EngineConfig.builder().threads(config.threads()).build(), model.sizeBytes(), model.trainedContextSize());
    return config.toBuilder()
        .threads(threads.threads())
        .batchSize(config.batchSize() == EmbedderConfig.AUTO ? batchSize(model) : config.batchSize())
        .pooling(config.pooling() == Pooling.MODEL ? pooling(metadata) : config.pooling())
        .build();
  }

  /**
   * What a model and its context will hold, as llama.cpp plans it; empty if it can't plan that.
   *
   * @param context as {@link #context} gives it
   */
  public static List<MemoryUse> memory(ModelHandle model, ModelConfig loaded, EngineConfig context) {
    try {
      return new EngineDefaults.Fitted(context, ContextMemory.plan(model, model.path(), loaded, context)).memory();
    } catch (EngineStartException unplanned) {
      System.getLogger("io.panallama.engine")
          .log(System.Logger.Level.DEBUG, "The memory of " + model.path() + " is not known.", unplanned);
      return List.of();
    }
  }

  /** Whether a model ranks or classifies texts, so that it gives scores and no vectors. */
  public static boolean givesScores(Map<String, String> metadata) {
    return entry(metadata, "pooling_type", "").equals(Integer.toString(LlamaCpp.LLAMA_POOLING_TYPE_RANK()));
  }

  private static Pooling pooling(Map<String, String> metadata) {
    String own = entry(metadata, "pooling_type", "");
    for (Pooling pooling : Pooling.values()) {
      // A model without a pooling of its own is still asked for one vector of a text, unless its user says otherwise.
      boolean named = pooling != Pooling.MODEL && pooling != Pooling.NONE;
      if (named && own.equals(Integer.toString(pooling.id()))) {
        return pooling;
      }
    }
    return entry(metadata, "attention.causal", "true").equals("false") ? Pooling.MEAN : Pooling.LAST;
  }

  /** The value of an architecture's own key. */
  private static String entry(Map<String, String> metadata, String key, String otherwise) {
    return metadata.getOrDefault(metadata.getOrDefault("general.architecture", "") + "." + key, otherwise);
  }

  private static int batchSize(ModelHandle model) {
    int trained = model.trainedContextSize();
    int wanted = Math.clamp(trained, SMALLEST_BATCH, LARGEST_BATCH);
    long affordable = SystemMemory.availableBytes() / OUTPUT_PART / bytesPerToken(model);
    return (int) Math.max(Math.min(SMALLEST_BATCH, wanted), Math.min(wanted, affordable));
  }

  /** What llama.cpp keeps of the outputs of a token: the logits, though no one reads them, and the vector. */
  private static long bytesPerToken(ModelHandle model) {
    return Float.BYTES * ((long) model.vocabularySize() + model.pooledSize());
  }

  /**
   * The context's configuration.
   *
   * @param config without {@link EmbedderConfig#AUTO}
   * @throws EngineStartException if its outputs don't fit into the memory
   */
  public static EngineConfig context(ModelHandle model, EmbedderConfig config) {
    long needed = config.batchSize() * bytesPerToken(model);
    long free = SystemMemory.availableBytes();
    if (needed > free) {
      throw new EngineStartException(
          Reason.INSUFFICIENT_MEMORY,
          "A batch of "
              + config.batchSize()
              + " tokens needs "
              + SystemMemory.text(needed)
              + " on this machine, where "
              + SystemMemory.text(free)
              + " are free; choose a smaller batch size.",
          null);
    }
    return EngineConfig.builder()
        .contextSize(config.batchSize())
        .batchSize(config.batchSize())
        .microBatchSize(config.batchSize())
        .slots(Math.min(EngineConfig.MAX_SLOTS, config.batchSize()))
        .threads(config.threads())
        .batchThreads(config.threads())
        .flashAttention(config.flashAttention())
        .placement(config.placement())
        .kvLayout(KvLayout.UNIFIED)
        .reusePrefixes(false)
        .build();
  }
}
