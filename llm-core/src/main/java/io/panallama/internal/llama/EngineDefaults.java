package io.panallama.internal.llama;

import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.SpillConfig;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.observe.Device;
import java.util.Map;

/** Replaces {@link EngineConfig#AUTO} by numbers and checks that the result fits into memory. */
public final class EngineDefaults {
  private static final System.Logger LOG = System.getLogger("io.panallama");

  private static final int CONTEXT_PER_SLOT = 2048;
  private static final int SMALLEST_CONTEXT = 8192;
  private static final int BATCH = 512;

  /** Spilled prefixes use at most this fraction of the available memory: one eighth. */
  private static final int SPILL_SHARE = 8;

  /**
   * With up to this many bytes of weights, a step ends before a second thread could help: ggml's threads synchronise some thirty times per layer and spin while they wait, which costs whole time slices if anything else wants the core.
   */
  private static final long ONE_THREAD_BYTES = 16L << 20;

  private EngineDefaults() {}

  /**
   * @param modelBytes the size of the weights
   * @param trainedContextSize number of tokens the model was trained for; 0 if its file does not say
   */
  public static EngineConfig resolve(EngineConfig config, long modelBytes, int trainedContextSize) {
    int threads = modelBytes <= ONE_THREAD_BYTES ? 1 : Processors.count();
    int batch = auto(config.batchSize(), Math.max(BATCH, config.slots()));
    return config.toBuilder()
        .contextSize(
            auto(config.contextSize(), contextSize(config.slots(), config.rope().contextSize(trainedContextSize))))
        .batchSize(batch)
        .microBatchSize(Math.min(batch, auto(config.microBatchSize(), BATCH)))
        .threads(processors("threads", auto(config.threads(), threads)))
        .batchThreads(processors("batchThreads", auto(config.batchThreads(), threads)))
        .spill(config.reusePrefixes() ? spill(config.spill(), SystemMemory.availableBytes()) : SpillConfig.none())
        .build();
  }

  /** Limits spilling, because spilled prefixes must not evict the weights, which are mapped from their file. */
  static SpillConfig spill(SpillConfig wanted, long available) {
    long most = available / SPILL_SHARE;
    return wanted.memoryBytes() <= most ? wanted : wanted.toBuilder().memoryBytes(most).build();
  }

  static int contextSize(int slots, int trained) {
    int limit = trained > 0 ? trained : CONTEXT_PER_SLOT;
    long wanted = Math.max(SMALLEST_CONTEXT, (long) slots * CONTEXT_PER_SLOT);
    return (int) Math.min(wanted, (long) slots * limit);
  }

  /** Caps the threads at the processors. Threads that spin while they wait for each other must all be running: one thread too many costs seconds. */
  private static int processors(String name, int wanted) {
    int processors = Math.min(Processors.count(), EngineConfig.MAX_THREADS);
    if (wanted > processors) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0} is {1}, but this process has {2} processors; using {2}.",
          name,
          Integer.toString(wanted),
          Integer.toString(processors));
    }
    return Math.min(wanted, processors);
  }

  private static int auto(int configured, int otherwise) {
    return configured == EngineConfig.AUTO ? otherwise : configured;
  }

  /**
   * Checks that a context fits, before it is allocated.
   *
   * @param metadata of the model
   * @param loaded how the model was loaded
   * @throws EngineStartException if the KV cache would not fit into the free memory
   */
  public static void requireMemory(
      ModelHandle model, Map<String, String> metadata, ModelConfig loaded, EngineConfig config) {
    if (config.contextSize() < config.slots()) {
      throw new EngineStartException(
          Reason.REFUSED,
          "contextSize is " + config.contextSize() + " with " + config.slots() + " slots; every slot needs a cell.",
          null);
    }
    long least = ContextMemory.leastBytes(metadata, config);
    long everything = SystemMemory.availableBytes();
    for (Device device : Natives.devices()) {
      if (device.type() != Device.Type.CPU) {
        everything += device.memoryFree();
      }
    }
    require(config, "this machine", least, everything);
    for (ContextMemory.Need need : ContextMemory.plan(model, model.path(), loaded, config)) {
      require(config, need.name(), need.needed(), need.free());
    }
  }

  private static void require(EngineConfig config, String where, long needed, long free) {
    if (needed > free) {
      throw new EngineStartException(
          Reason.INSUFFICIENT_MEMORY,
          "A context of "
              + config.contextSize()
              + " tokens needs "
              + SystemMemory.text(needed)
              + " on "
              + where
              + ", where "
              + SystemMemory.text(free)
              + " are free; choose a smaller context size or a quantised KV cache.",
          null);
    }
  }
}
