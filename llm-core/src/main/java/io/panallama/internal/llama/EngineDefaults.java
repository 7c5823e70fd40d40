package io.panallama.internal.llama;

import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.config.ModelConfig;
import io.panallama.config.SpillConfig;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.observe.Device;
import io.panallama.observe.MemoryUse;
import java.util.List;
import java.util.Map;

/** Replaces {@link EngineConfig#AUTO} by numbers and checks that the result fits into memory. */
public final class EngineDefaults {
  private static final System.Logger LOG = System.getLogger("io.panallama");

  private static final int CONTEXT_PER_SLOT = 2048;

  /** Smaller steps of a context are not worth planning it again; llama.cpp rounds up to multiples of this. */
  private static final int CONTEXT_STEP = 256;

  private static final int SMALLEST_CONTEXT = 8192;
  private static final int BATCH = 512;

  /** A context that was planned too large is made smaller by a tenth at least. */
  private static final double LARGEST_SHARE = 0.9;

  /** However large the weights are, a context may take this part of the available memory: one sixteenth. */
  private static final int LEAST_PART = 16;

  /**
   * The tables of a context that nobody asked for take at most this part of its memory: one sixteenth. The cells of models
   * that are in use take more than fifteen times as much.
   */
  private static final int TABLE_PART = 16;

  /** Spilled prefixes use at most this fraction of the available memory: one eighth. */
  private static final int SPILL_SHARE = 8;

  /**
   * With up to this many bytes of weights, a step ends before a second thread could help: ggml's threads synchronise
   * some thirty times per layer and spin while they wait, which costs whole time slices if anything else wants the
   * core.
   */
  private static final long ONE_THREAD_BYTES = 16L << 20;

  private EngineDefaults() {}

  /**
   * Replaces every {@link EngineConfig#AUTO} number. The context is the wanted one; {@link #fit} makes it smaller where memory
   * is short.
   *
   * @param modelBytes the size of the weights
   * @param trainedContextSize number of tokens the model was trained for; 0 if its file does not say
   */
  public static EngineConfig resolve(EngineConfig config, long modelBytes, int trainedContextSize) {
    int threads = modelBytes <= ONE_THREAD_BYTES ? 1 : Processors.count();
    int batch = auto(config.batchSize(), Math.max(BATCH, config.slots()));
    return config.toBuilder()
        .contextSize(
            auto(
                config.contextSize(),
                wantedContext(
                    config.slots(),
                    config.rope().contextSize(trainedContextSize),
                    config.kvLayout() != KvLayout.SPLIT)))
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

  /**
   * Enough for one conversation as long as the model was trained for, and for {@link #leastContext}.
   *
   * @param unified whether all slots share the cells; otherwise each has an equal part, and each part is that long
   */
  static int wantedContext(int slots, int trained, boolean unified) {
    long whole = unified ? trained : (long) slots * trained;
    return (int) Math.min(Integer.MAX_VALUE - CONTEXT_STEP, Math.max(leastContext(slots, trained), whole));
  }

  /** What is asked for even if little memory is free: 2048 tokens per slot, but no more than the model can use. */
  static int leastContext(int slots, int trained) {
    int limit = trained > 0 ? trained : CONTEXT_PER_SLOT;
    long wanted = Math.max(SMALLEST_CONTEXT, (long) slots * CONTEXT_PER_SLOT);
    return (int) Math.min(wanted, (long) slots * limit);
  }

  /**
   * Caps the threads at the processors. Threads that spin while they wait for each other must all be running: one
   * thread too many costs seconds.
   */
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
   * A configuration that fits.
   *
   * @param plan what its context will need, as llama.cpp plans it
   */
  public record Fitted(EngineConfig config, List<ContextMemory.Need> plan) {
    /** What model and context hold once they are there. */
    public List<MemoryUse> memory() {
      return plan.stream()
          .map(need -> new MemoryUse(need.name(), need.model(), need.context(), need.compute()))
          .toList();
    }
  }

  /**
   * The configuration with a layout of the KV cache, and a context that fits into the free memory. One that was not requested takes at most half of
   * the host's memory that the weights leave, and seven eighths of a device's, so that it is made smaller where that is
   * little.
   *
   * @param requested the configuration before {@link #resolve}
   * @param resolved the same after it
   * @param metadata of the model
   * @param loaded how the model was loaded
   * @param trainedContextSize number of tokens the model was trained for; 0 if its file does not say
   * @param available the host's available bytes
   * @throws EngineStartException if a requested context, or the smallest that would be chosen, does not fit
   */
  public static Fitted fit(
      ModelHandle model,
      Map<String, String> metadata,
      ModelConfig loaded,
      EngineConfig requested,
      EngineConfig resolved,
      int trainedContextSize,
      long available) {
    if (resolved.kvLayout() == KvLayout.SPLIT) {
      return rounded(fitLayout(model, metadata, loaded, requested, resolved, trainedContextSize, available));
    }
    if (resolved.kvLayout() == KvLayout.UNIFIED) {
      return fitLayout(model, metadata, loaded, requested, resolved, trainedContextSize, available);
    }
    int trained = resolved.rope().contextSize(trainedContextSize);
    Fitted split = SplitLayout.find(model, metadata, loaded, resolved, trained, available);
    if (split != null) {
      return split;
    }
    EngineConfig unified = resolved.toBuilder().kvLayout(KvLayout.UNIFIED).build();
    return fitLayout(model, metadata, loaded, requested, unified, trainedContextSize, available);
  }

  /** A split cache as llama.cpp makes it: with equal parts of whole steps of cells. */
  private static Fitted rounded(Fitted fitted) {
    EngineConfig split = fitted.config();
    long cells = SplitLayout.equalParts(split.contextSize(), split.slots());
    return cells > Integer.MAX_VALUE
        ? fitted
        : new Fitted(split.toBuilder().contextSize((int) cells).build(), fitted.plan());
  }

  private static Fitted fitLayout(
      ModelHandle model,
      Map<String, String> metadata,
      ModelConfig loaded,
      EngineConfig requested,
      EngineConfig resolved,
      int trainedContextSize,
      long available) {
    int least = leastContext(resolved.slots(), resolved.rope().contextSize(trainedContextSize));
    if (requested.contextSize() != EngineConfig.AUTO || resolved.contextSize() <= least) {
      return new Fitted(resolved, requireMemory(model, metadata, loaded, resolved));
    }
    long host = hostBudget(available, unreadWeights(model, loaded));
    long everything = host;
    for (Device device : Natives.devices()) {
      if (device.type() != Device.Type.CPU) {
        everything += deviceBudget(device.memoryFree());
      }
    }
    // llama.cpp makes the tables even to plan a context, and a file may name a length that is no model's.
    double share =
        Math.min(
            everything / (double) ContextMemory.leastBytes(metadata, resolved),
            host / (double) TABLE_PART / ContextMemory.tableBytes(metadata, resolved));
    int size = resolved.contextSize();
    while (true) {
      size = share >= 1 ? size : Math.max(least, (int) (size * share) / CONTEXT_STEP * CONTEXT_STEP);
      EngineConfig smaller = resolved.toBuilder().contextSize(size).build();
      if (size == least) {
        return new Fitted(smaller, requireMemory(model, metadata, loaded, smaller));
      }
      share = 1;
      List<ContextMemory.Need> plan = ContextMemory.plan(model, model.path(), loaded, smaller);
      for (ContextMemory.Need need : plan) {
        long budget = need.isHost() ? host : deviceBudget(need.free());
        if (need.needed() > budget) {
          // A part of it does not depend on the size, so the same share of cells would still be too many.
          share = Math.min(share, Math.min(LARGEST_SHARE, budget / (double) need.needed()));
        }
      }
      if (share >= 1) {
        return new Fitted(smaller, plan);
      }
    }
  }

  /** Bytes of mapped weights on the host: the system counts their pages as available, whether or not they are read. */
  private static long unreadWeights(ModelHandle model, ModelConfig loaded) {
    boolean mapped =
        switch (loaded.loadMode()) {
          case MMAP, MMAP_MLOCK, AUTO -> true;
          case READ, MLOCK, DIRECT_IO -> false;
        };
    return mapped && !model.isOffloaded() ? model.sizeBytes() : 0;
  }

  /** What a context that nobody asked for may take of the host's memory. */
  static long hostBudget(long available, long weights) {
    // Weights that were repacked are counted twice, as available and as weights, so a part is theirs in any case.
    return Math.max(available / LEAST_PART, (available - weights) / 2);
  }

  /** What it may take of a device's free memory, from which the weights are gone already. */
  static long deviceBudget(long free) {
    return free - free / 8;
  }

  /**
   * Checks that a context fits, before it is allocated.
   *
   * @param metadata of the model
   * @param loaded how the model was loaded
   * @return what it will need
   * @throws EngineStartException if the KV cache would not fit into the free memory
   */
  static List<ContextMemory.Need> requireMemory(
      ModelHandle model, Map<String, String> metadata, ModelConfig loaded, EngineConfig config) {
    if (config.contextSize() < config.slots()) {
      throw new EngineStartException(
          Reason.REFUSED,
          "contextSize is " + config.contextSize() + " with " + config.slots() + " slots; every slot needs a cell.",
          null);
    }
    long host = SystemMemory.availableBytes();
    require(config, "this machine", ContextMemory.tableBytes(metadata, config), host);
    long least = ContextMemory.leastBytes(metadata, config);
    long everything = host;
    for (Device device : Natives.devices()) {
      if (device.type() != Device.Type.CPU) {
        everything += device.memoryFree();
      }
    }
    require(config, "this machine", least, everything);
    List<ContextMemory.Need> plan = ContextMemory.plan(model, model.path(), loaded, config);
    for (ContextMemory.Need need : plan) {
      require(config, need.name(), need.needed(), need.free());
    }
    return plan;
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
