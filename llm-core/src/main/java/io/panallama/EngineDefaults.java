package io.panallama;

import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.internal.llama.ContextMemory;
import io.panallama.internal.llama.SystemMemory;
import io.panallama.observe.Device;

/** Replaces {@link EngineConfig#AUTO} and checks that the result fits into memory. */
final class EngineDefaults {
  private static final System.Logger LOG = System.getLogger("io.panallama");

  private static final int CONTEXT_PER_SLOT = 2048;
  private static final int SMALLEST_CONTEXT = 8192;
  private static final int BATCH = 512;

  /** One part in so many of the available memory is the most that is spilled to. */
  private static final int SPILL_SHARE = 8;

  /**
   * Up to this many bytes of weights a step is over before a second thread is of use: ggml's threads meet some thirty
   * times per layer and wait by spinning, which costs whole time slices where something else wants the core too.
   */
  private static final long ONE_THREAD_BYTES = 16L << 20;

  private EngineDefaults() {}

  static EngineConfig resolve(EngineConfig config, Model model) {
    int threads = model.sizeBytes() <= ONE_THREAD_BYTES ? 1 : Runtime.getRuntime().availableProcessors();
    int batch = auto(config.batchSize(), Math.max(BATCH, config.slots()));
    return config.toBuilder()
        .contextSize(auto(config.contextSize(), contextSize(config.slots(), model.trainedContextSize())))
        .batchSize(batch)
        .microBatchSize(Math.min(batch, auto(config.microBatchSize(), BATCH)))
        .threads(processors("threads", auto(config.threads(), threads)))
        .batchThreads(processors("batchThreads", auto(config.batchThreads(), threads)))
        .spill(config.reusePrefixes() ? spill(config.spill(), SystemMemory.availableBytes()) : SpillConfig.none())
        .build();
  }

  /** What is spilled must not push the weights out of memory, which are mapped from their file. */
  static SpillConfig spill(SpillConfig wanted, long available) {
    long most = available / SPILL_SHARE;
    return wanted.memoryBytes() <= most ? wanted : new SpillConfig(most, wanted.diskBytes(), wanted.directory());
  }

  static int contextSize(int slots, int trained) {
    int limit = trained > 0 ? trained : CONTEXT_PER_SLOT;
    long wanted = Math.max(SMALLEST_CONTEXT, (long) slots * CONTEXT_PER_SLOT);
    return (int) Math.min(wanted, (long) slots * limit);
  }

  /** Threads that wait for each other by spinning must all be running: one more than there are processors costs seconds. */
  private static int processors(String name, int wanted) {
    int processors = Runtime.getRuntime().availableProcessors();
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
   * @throws EngineStartException if the KV cache would not fit into what is free
   */
  static void requireMemory(Model model, EngineConfig config) {
    if (config.contextSize() < config.slots()) {
      throw new EngineStartException(
          Reason.REFUSED,
          "contextSize is " + config.contextSize() + " with " + config.slots() + " slots; every slot needs a cell.",
          null);
    }
    long least = ContextMemory.leastBytes(model.metadata(), config);
    long everything = SystemMemory.availableBytes();
    for (Device device : NativeRuntime.devices()) {
      if (device.type() != Device.Type.CPU) {
        everything += device.memoryFree();
      }
    }
    require(config, "this machine", least, everything);
    for (ContextMemory.Need need : ContextMemory.plan(model.handle(), model.path(), model.config(), config)) {
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
