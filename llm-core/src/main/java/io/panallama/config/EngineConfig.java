package io.panallama.config;

import io.panallama.error.EngineBusyException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The layout and limits of an engine. {@link io.panallama.Engine#config Engine.config} returns the same with every
 * {@link #AUTO} replaced by the chosen number. Immutable and thread-safe.
 */
public final class EngineConfig {
  /** Lets the engine choose. */
  public static final int AUTO = 0;

  /** The maximum number of slots; llama.cpp's {@code LLAMA_MAX_SEQ}. */
  public static final int MAX_SLOTS = 256;

  /** The maximum number of threads; ggml's {@code GGML_MAX_N_THREADS}, beyond which ggml ends the process. */
  public static final int MAX_THREADS = 512;

  /** The maximum {@link #itlTarget}. */
  public static final Duration LONGEST_ITL = Duration.ofHours(1);

  /** The maximum {@link #ttftTarget}. */
  public static final Duration LONGEST_TTFT = Duration.ofHours(1);

  private static final EngineConfig DEFAULTS = new Builder().build();

  private final int contextSize;
  private final int slots;
  private final int queueLimit;
  private final int queueTokenLimit;
  private final int batchSize;
  private final int microBatchSize;
  private final int threads;
  private final int batchThreads;
  private final int mailboxCapacity;
  private final KvCacheType keyType;
  private final KvCacheType valueType;
  private final FlashAttention flashAttention;
  private final boolean reusePrefixes;
  private final SpillConfig spill;
  private final Duration itlTarget;
  private final Duration ttftTarget;
  private final RopeScaling rope;
  private final boolean offloadKeyValues;
  private final boolean offloadOperations;
  private final boolean fullSlidingWindow;
  private final KvLayout kvLayout;
  private final ThreadPlacement placement;
  private final SessionKey sessionKey;
  private final Isolation isolation;
  private final IsolationConfig isolationConfig;

  private EngineConfig(Builder from) {
    contextSize = from.contextSize;
    slots = from.slots;
    queueLimit = from.queueLimit;
    queueTokenLimit = from.queueTokenLimit;
    batchSize = from.batchSize;
    microBatchSize = from.microBatchSize;
    threads = from.threads;
    batchThreads = from.batchThreads;
    mailboxCapacity = from.mailboxCapacity;
    keyType = from.keyType;
    valueType = from.valueType;
    flashAttention = from.flashAttention;
    reusePrefixes = from.reusePrefixes;
    spill = from.spill;
    itlTarget = from.itlTarget;
    ttftTarget = from.ttftTarget;
    rope = from.rope;
    offloadKeyValues = from.offloadKeyValues;
    offloadOperations = from.offloadOperations;
    fullSlidingWindow = from.fullSlidingWindow;
    kvLayout = from.kvLayout;
    placement = from.placement;
    sessionKey = from.sessionKey;
    isolation = from.isolation;
    isolationConfig = from.isolationConfig;
    if (itlTarget.isNegative() || itlTarget.compareTo(LONGEST_ITL) > 0) {
      throw new IllegalArgumentException("itlTarget is " + itlTarget + "; it must be 0 to " + LONGEST_ITL + ".");
    }
    if (ttftTarget.isNegative() || ttftTarget.compareTo(LONGEST_TTFT) > 0) {
      throw new IllegalArgumentException("ttftTarget is " + ttftTarget + "; it must be 0 to " + LONGEST_TTFT + ".");
    }
    check("contextSize", contextSize, AUTO, Integer.MAX_VALUE);
    check("slots", slots, 1, MAX_SLOTS);
    check("queueLimit", queueLimit, 0, 1_000_000);
    check("queueTokenLimit", queueTokenLimit, 0, Integer.MAX_VALUE);
    check("batchSize", batchSize, AUTO, 1 << 20);
    check("microBatchSize", microBatchSize, AUTO, 1 << 20);
    check("threads", threads, AUTO, MAX_THREADS);
    check("batchThreads", batchThreads, AUTO, MAX_THREADS);
    check("mailboxCapacity", mailboxCapacity, 1, 1 << 20);
    if (contextSize != AUTO && contextSize < slots) {
      throw new IllegalArgumentException(
          "contextSize is "
              + contextSize
              + " with "
              + slots
              + " slots; it must be at least "
              + slots
              + ", because every slot needs a cell.");
    }
    if (batchSize != AUTO && batchSize < slots) {
      throw new IllegalArgumentException(
          "batchSize is " + batchSize + " with " + slots + " slots; a step needs room for a token of every slot.");
    }
    if (batchSize != AUTO && microBatchSize > batchSize) {
      throw new IllegalArgumentException(
          "microBatchSize is " + microBatchSize + "; it must be at most batchSize, " + batchSize + ".");
    }
  }

  /** 8 slots, a queue of 64, F16 cache, 1 GiB to spill to, an ITL target of 50 ms, no isolation, everything else {@link #AUTO}. */
  public static EngineConfig defaults() {
    return DEFAULTS;
  }

  /** A builder that starts from {@link #defaults()}. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  private static void check(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be " + low + " to " + high + ".");
    }
  }

  /**
   * Number of cells of the KV cache (llama.cpp: {@code n_ctx}). In a unified cache one sequence may use them all, in a
   * split one each slot has an equal part; see {@link #kvLayout}. If {@link KvLayout#AUTO} chooses a split cache, each
   * slot gets this many cells, or as many as the model was trained for, and the engine's own configuration says how many
   * that are together.
   *
   * <p>{@link #AUTO}, the default, uses as many as the model was trained for (in a split cache: for each slot), and at
   * least 2048 per slot and 8192 in total unless that is more per slot than the model was trained for. It uses fewer,
   * down to that minimum, where the cache would take more than half of the host's free memory that the weights leave, or
   * seven eighths of a GPU's.
   */
  public int contextSize() {
    return contextSize;
  }

  /** Number of generations that run at once, 1 to {@link #MAX_SLOTS}; further ones wait. 8 by default. */
  public int slots() {
    return slots;
  }

  /** Number of generations that may wait, 64 by default; the next one is rejected with {@link EngineBusyException}. */
  public int queueLimit() {
    return queueLimit;
  }

  /**
   * The most tokens that the prompts of waiting generations may have together; a generation with which they would have
   * more is rejected with {@link EngineBusyException}, unless none waits. 0, the default, sets no limit besides
   * {@link #queueLimit}.
   */
  public int queueTokenLimit() {
    return queueTokenLimit;
  }

  /**
   * The maximum number of tokens in one step, at least the number of slots (llama.cpp: {@code n_batch}); {@link #AUTO},
   * the default, uses 512.
   */
  public int batchSize() {
    return batchSize;
  }

  /**
   * The maximum number of tokens computed at once, at most {@link #batchSize} (llama.cpp: {@code n_ubatch});
   * {@link #AUTO}, the default, uses {@code min(batchSize, 512)}. It bounds how long a step on a GPU runs before a
   * cancelled prefill is noticed.
   */
  public int microBatchSize() {
    return microBatchSize;
  }

  /**
   * Number of threads for steps that only generate (llama.cpp: {@code n_threads}). {@link #AUTO}, the default, uses one
   * per processor of this process, but a single thread for a model of less than 16 MiB, which more threads would only
   * slow down. Capped at the number of processors, with a warning, because ggml's threads spin while they wait for each
   * other.
   */
  public int threads() {
    return threads;
  }

  /**
   * Number of threads for steps that include prompts (llama.cpp: {@code n_threads_batch}); chosen and capped like
   * {@link #threads}.
   */
  public int batchThreads() {
    return batchThreads;
  }

  /**
   * Number of tokens that a generation may be ahead of its reader, 256 by default; a generation whose mailbox is full
   * is paused until half of it has been read.
   */
  public int mailboxCapacity() {
    return mailboxCapacity;
  }

  /** Number format of the keys in the KV cache (llama.cpp: {@code type_k}); F16 by default. */
  public KvCacheType keyType() {
    return keyType;
  }

  /** Number format of the values in the KV cache (llama.cpp: {@code type_v}); F16 by default. */
  public KvCacheType valueType() {
    return valueType;
  }

  /**
   * Whether attention uses the fused kernel (llama.cpp: {@code flash_attn_type}); by default the device and the model
   * decide.
   */
  public FlashAttention flashAttention() {
    return flashAttention;
  }

  /**
   * Whether a prompt shares the KV cells of an earlier or concurrent prompt with the same beginning instead of
   * recomputing them. True by default.
   */
  public boolean reusePrefixes() {
    return reusePrefixes;
  }

  /** Where prefixes that are evicted from the KV cache go; up to 1 GiB of host memory by default. */
  public SpillConfig spill() {
    return spill;
  }

  /**
   * Target inter-token latency (ITL) while prompts are processed, 50 ms by default. While any generation is running,
   * short prompts (up to one second of compute) are cut into chunks that let a step keep this limit. The next token may
   * take twice as long if all waiting short prompts are computed then, and three times as long if the next prompt would
   * otherwise need too much of {@link #ttftTarget}. Long prompts keep the limit, and get 60 % of the time. A prompt always
   * makes some progress: as much as takes the time of a step, or 16 tokens.
   * Zero sets no limit, which serves prompts soonest.
   */
  public Duration itlTarget() {
    return itlTarget;
  }

  /**
   * Target time to first token (TTFT), 500 ms by default. A short prompt that by itself would need more than 0.4 of it
   * while steps keep {@link #itlTarget}, or has waited for four times as long, may slow running generations down.
   */
  public Duration ttftTarget() {
    return ttftTarget;
  }

  /** How positions are scaled beyond the trained context; the model's own values by default. */
  public RopeScaling rope() {
    return rope;
  }

  /**
   * Whether the KV cache of a layer and the attention over it are on the GPU that holds the layer (llama.cpp:
   * {@code offload_kqv}) rather than in host memory. It has no effect without a GPU. True by default.
   */
  public boolean offloadKeyValues() {
    return offloadKeyValues;
  }

  /**
   * Whether large operations of layers in host memory are computed on the GPU (llama.cpp: {@code op_offload}). It has
   * no effect without a GPU. True by default.
   */
  public boolean offloadOperations() {
    return offloadOperations;
  }

  /**
   * Whether layers with a sliding window keep all cells instead of only those of the window (llama.cpp:
   * {@code swa_full}). This costs memory but lets any beginning of a prompt be shared; without it, only beginnings
   * within the window can be. It has no effect on models without a sliding window. True by default, as in llama.cpp's
   * library.
   */
  public boolean fullSlidingWindow() {
    return fullSlidingWindow;
  }

  /** How sequences divide the KV cache; {@link KvLayout#AUTO} by default. */
  public KvLayout kvLayout() {
    return kvLayout;
  }

  /** Where the compute threads run; anywhere by default. */
  public ThreadPlacement placement() {
    return placement;
  }

  /**
   * The key that signs the files of sessions and of spilled prefixes; the one of this installation by default. Engines
   * read only files that were signed with their key.
   */
  public SessionKey sessionKey() {
    return sessionKey;
  }

  /**
   * Whether the engine computes in this process or in one of its own; {@link Isolation#NONE} by default. A process of
   * its own has no {@linkplain io.panallama.Session sessions} and no logit processors.
   */
  public Isolation isolation() {
    return isolation;
  }

  /** The limits of the engine's own process. It has no effect with {@link Isolation#NONE}. */
  public IsolationConfig isolationConfig() {
    return isolationConfig;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof EngineConfig that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "EngineConfig" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("contextSize", contextSize);
    all.put("slots", slots);
    all.put("queueLimit", queueLimit);
    all.put("queueTokenLimit", queueTokenLimit);
    all.put("batchSize", batchSize);
    all.put("microBatchSize", microBatchSize);
    all.put("threads", threads);
    all.put("batchThreads", batchThreads);
    all.put("mailboxCapacity", mailboxCapacity);
    all.put("keyType", keyType);
    all.put("valueType", valueType);
    all.put("flashAttention", flashAttention);
    all.put("reusePrefixes", reusePrefixes);
    all.put("spill", spill);
    all.put("itlTarget", itlTarget);
    all.put("ttftTarget", ttftTarget);
    all.put("rope", rope);
    all.put("offloadKeyValues", offloadKeyValues);
    all.put("offloadOperations", offloadOperations);
    all.put("fullSlidingWindow", fullSlidingWindow);
    all.put("kvLayout", kvLayout);
    all.put("placement", placement);
    all.put("sessionKey", sessionKey);
    all.put("isolation", isolation);
    all.put("isolationConfig", isolationConfig);
    return all;
  }

  /** Collects the components of an {@link EngineConfig}. Not thread-safe. */
  public static final class Builder {
    private int contextSize = AUTO;
    private int slots = 8;
    private int queueLimit = 64;
    private int queueTokenLimit;
    private int batchSize = AUTO;
    private int microBatchSize = AUTO;
    private int threads = AUTO;
    private int batchThreads = AUTO;
    private int mailboxCapacity = 256;
    private KvCacheType keyType = KvCacheType.F16;
    private KvCacheType valueType = KvCacheType.F16;
    private FlashAttention flashAttention = FlashAttention.AUTO;
    private boolean reusePrefixes = true;
    private SpillConfig spill = SpillConfig.toMemory(1L << 30);
    private Duration itlTarget = Duration.ofMillis(50);
    private Duration ttftTarget = Duration.ofMillis(500);
    private RopeScaling rope = RopeScaling.defaults();
    private boolean offloadKeyValues = true;
    private boolean offloadOperations = true;
    private boolean fullSlidingWindow = true;
    private KvLayout kvLayout = KvLayout.AUTO;
    private ThreadPlacement placement = ThreadPlacement.defaults();
    private SessionKey sessionKey = SessionKey.installation();
    private Isolation isolation = Isolation.NONE;
    private IsolationConfig isolationConfig = IsolationConfig.defaults();

    private Builder() {}

    private Builder(EngineConfig from) {
      contextSize = from.contextSize;
      slots = from.slots;
      queueLimit = from.queueLimit;
      queueTokenLimit = from.queueTokenLimit;
      batchSize = from.batchSize;
      microBatchSize = from.microBatchSize;
      threads = from.threads;
      batchThreads = from.batchThreads;
      mailboxCapacity = from.mailboxCapacity;
      keyType = from.keyType;
      valueType = from.valueType;
      flashAttention = from.flashAttention;
      reusePrefixes = from.reusePrefixes;
      spill = from.spill;
      itlTarget = from.itlTarget;
      ttftTarget = from.ttftTarget;
      rope = from.rope;
      offloadKeyValues = from.offloadKeyValues;
      offloadOperations = from.offloadOperations;
      fullSlidingWindow = from.fullSlidingWindow;
      kvLayout = from.kvLayout;
      placement = from.placement;
      sessionKey = from.sessionKey;
      isolation = from.isolation;
      isolationConfig = from.isolationConfig;
    }

    /** Sets {@link EngineConfig#contextSize()}. */
    public Builder contextSize(int value) {
      contextSize = value;
      return this;
    }

    /** Sets {@link EngineConfig#slots()}. */
    public Builder slots(int value) {
      slots = value;
      return this;
    }

    /** Sets {@link EngineConfig#queueLimit()}. */
    public Builder queueLimit(int value) {
      queueLimit = value;
      return this;
    }

    /** Sets {@link EngineConfig#queueTokenLimit()}. */
    public Builder queueTokenLimit(int value) {
      queueTokenLimit = value;
      return this;
    }

    /** Sets {@link EngineConfig#batchSize()}. */
    public Builder batchSize(int value) {
      batchSize = value;
      return this;
    }

    /** Sets {@link EngineConfig#microBatchSize()}. */
    public Builder microBatchSize(int value) {
      microBatchSize = value;
      return this;
    }

    /** Sets {@link EngineConfig#threads()}. */
    public Builder threads(int value) {
      threads = value;
      return this;
    }

    /** Sets {@link EngineConfig#batchThreads()}. */
    public Builder batchThreads(int value) {
      batchThreads = value;
      return this;
    }

    /** Sets {@link EngineConfig#mailboxCapacity()}. */
    public Builder mailboxCapacity(int value) {
      mailboxCapacity = value;
      return this;
    }

    /** Sets {@link EngineConfig#keyType()}. */
    public Builder keyType(KvCacheType value) {
      keyType = Objects.requireNonNull(value, "keyType");
      return this;
    }

    /** Sets {@link EngineConfig#valueType()}. */
    public Builder valueType(KvCacheType value) {
      valueType = Objects.requireNonNull(value, "valueType");
      return this;
    }

    /** Sets {@link EngineConfig#flashAttention()}. */
    public Builder flashAttention(FlashAttention value) {
      flashAttention = Objects.requireNonNull(value, "flashAttention");
      return this;
    }

    /** Sets {@link EngineConfig#reusePrefixes()}. */
    public Builder reusePrefixes(boolean value) {
      reusePrefixes = value;
      return this;
    }

    /** Sets {@link EngineConfig#spill()}. */
    public Builder spill(SpillConfig value) {
      spill = Objects.requireNonNull(value, "spill");
      return this;
    }

    /** Sets {@link EngineConfig#itlTarget()}. */
    public Builder itlTarget(Duration value) {
      itlTarget = Objects.requireNonNull(value, "itlTarget");
      return this;
    }

    /** Sets {@link EngineConfig#ttftTarget()}. */
    public Builder ttftTarget(Duration value) {
      ttftTarget = Objects.requireNonNull(value, "ttftTarget");
      return this;
    }

    /** Sets {@link EngineConfig#rope()}. */
    public Builder rope(RopeScaling value) {
      rope = Objects.requireNonNull(value, "rope");
      return this;
    }

    /** Sets {@link EngineConfig#offloadKeyValues()}. */
    public Builder offloadKeyValues(boolean value) {
      offloadKeyValues = value;
      return this;
    }

    /** Sets {@link EngineConfig#offloadOperations()}. */
    public Builder offloadOperations(boolean value) {
      offloadOperations = value;
      return this;
    }

    /** Sets {@link EngineConfig#fullSlidingWindow()}. */
    public Builder fullSlidingWindow(boolean value) {
      fullSlidingWindow = value;
      return this;
    }

    /** Sets {@link EngineConfig#kvLayout()}. */
    public Builder kvLayout(KvLayout value) {
      kvLayout = Objects.requireNonNull(value, "kvLayout");
      return this;
    }

    /** Sets {@link EngineConfig#placement()}. */
    public Builder placement(ThreadPlacement value) {
      placement = Objects.requireNonNull(value, "placement");
      return this;
    }

    /** Sets {@link EngineConfig#sessionKey()}. */
    public Builder sessionKey(SessionKey value) {
      sessionKey = Objects.requireNonNull(value, "sessionKey");
      return this;
    }

    /** Sets {@link EngineConfig#isolation()}. */
    public Builder isolation(Isolation value) {
      isolation = Objects.requireNonNull(value, "isolation");
      return this;
    }

    /** Sets {@link EngineConfig#isolationConfig()}. */
    public Builder isolationConfig(IsolationConfig value) {
      isolationConfig = Objects.requireNonNull(value, "isolationConfig");
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public EngineConfig build() {
      return new EngineConfig(this);
    }
  }
}
