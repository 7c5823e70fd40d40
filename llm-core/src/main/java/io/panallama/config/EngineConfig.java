package io.panallama.config;

import io.panallama.error.EngineBusyException;
import java.time.Duration;
import java.util.Objects;

/**
 * How an engine is laid out. {@link io.panallama.Engine#config Engine.config} gives the same with every {@link #AUTO} replaced by what was chosen.
 *
 * @param contextSize cells of the KV cache, shared by all sequences; {@link #AUTO} takes 2048 tokens per slot, at least
 *     8192, never more per slot than the model was trained for
 * @param slots how many generations run at once, 1 to {@link #MAX_SLOTS}; further ones wait
 * @param queueLimit how many generations may wait; the next one is refused with {@link EngineBusyException}
 * @param batchSize the most tokens of one step, at least as many as slots; {@link #AUTO} takes 512
 * @param microBatchSize the most tokens computed at once, at most {@code batchSize}; {@link #AUTO} takes {@code
 *     min(batchSize, 512)}. It bounds how long a step on a GPU takes before a cancelled prefill is noticed
 * @param threads threads for steps that only generate; {@link #AUTO} takes the processors of this process, and one
 *     thread for a model of less than 16 MiB, which more would only slow down.
 *     More than the processors are cut to them, with a warning: they wait for each other by spinning
 * @param batchThreads threads for steps with prompts in them; likewise
 * @param mailboxCapacity tokens that a generation may be ahead of its reader; a generation whose mailbox is full sits out
 *     until it drains
 * @param keyType number format of the keys in the KV cache
 * @param valueType number format of the values in the KV cache
 * @param flashAttention whether attention runs in the fused kernel
 * @param reusePrefixes whether a prompt shares the KV cells of an earlier or concurrent one with the same beginning
 *     instead of computing them again
 * @param spill where prefixes go that have to leave the KV cache
 * @param itlTarget the inter-token latency (ITL) that prompts of others may cause, by the measured times of earlier steps.
 *     While somebody generates, short prompts (a second of computing) may fill a step up to this, and beyond it where more
 *     than half as many wait as generate; beside long ones a step takes half as long again as without them at most. A prompt
 *     goes on in any case. Zero sets no limit, which serves prompts soonest
 */
public record EngineConfig(
    int contextSize,
    int slots,
    int queueLimit,
    int batchSize,
    int microBatchSize,
    int threads,
    int batchThreads,
    int mailboxCapacity,
    KvCacheType keyType,
    KvCacheType valueType,
    FlashAttention flashAttention,
    boolean reusePrefixes,
    SpillConfig spill,
    Duration itlTarget) {
  /** Lets the engine choose. */
  public static final int AUTO = 0;

  /** llama.cpp's {@code LLAMA_MAX_SEQ}. */
  public static final int MAX_SLOTS = 256;

  /** The most that {@link #itlTarget} may be. */
  public static final Duration LONGEST_ITL = Duration.ofHours(1);

  private static final EngineConfig DEFAULTS =
      new EngineConfig(
          AUTO,
          8,
          64,
          AUTO,
          AUTO,
          AUTO,
          AUTO,
          256,
          KvCacheType.F16,
          KvCacheType.F16,
          FlashAttention.AUTO,
          true,
          SpillConfig.toMemory(1L << 30),
          Duration.ofMillis(50));

  /**
   * @throws IllegalArgumentException if a value is out of its range
   */
  public EngineConfig {
    Objects.requireNonNull(keyType, "keyType");
    Objects.requireNonNull(valueType, "valueType");
    Objects.requireNonNull(flashAttention, "flashAttention");
    Objects.requireNonNull(spill, "spill");
    if (itlTarget.isNegative() || itlTarget.compareTo(LONGEST_ITL) > 0) {
      throw new IllegalArgumentException("itlTarget is " + itlTarget + "; it must be 0 to " + LONGEST_ITL + ".");
    }
    check("contextSize", contextSize, AUTO, Integer.MAX_VALUE);
    check("slots", slots, 1, MAX_SLOTS);
    check("queueLimit", queueLimit, 0, 1_000_000);
    check("batchSize", batchSize, AUTO, 1 << 20);
    check("microBatchSize", microBatchSize, AUTO, 1 << 20);
    check("threads", threads, AUTO, 1024);
    check("batchThreads", batchThreads, AUTO, 1024);
    check("mailboxCapacity", mailboxCapacity, 1, 1 << 20);
    if (batchSize != AUTO && batchSize < slots) {
      throw new IllegalArgumentException(
          "batchSize is " + batchSize + " with " + slots + " slots; a step needs room for a token of every slot.");
    }
    if (batchSize != AUTO && microBatchSize > batchSize) {
      throw new IllegalArgumentException(
          "microBatchSize is " + microBatchSize + "; it must be at most batchSize, " + batchSize + ".");
    }
  }

  /** 8 slots, 64 waiting, F16 cache, 1 GiB to spill to, an ITL of 50 ms, everything else {@link #AUTO}. */
  public static EngineConfig defaults() {
    return DEFAULTS;
  }

  /** A builder that starts from {@link #defaults()}. */
  public static Builder builder() {
    return new Builder(DEFAULTS);
  }

  /** A builder that starts from this configuration. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  private static void check(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be " + low + " to " + high + ".");
    }
  }

  /** Not safe for use by several threads. */
  public static final class Builder {
    private int contextSize;
    private int slots;
    private int queueLimit;
    private int batchSize;
    private int microBatchSize;
    private int threads;
    private int batchThreads;
    private int mailboxCapacity;
    private KvCacheType keyType;
    private KvCacheType valueType;
    private FlashAttention flashAttention;
    private boolean reusePrefixes;
    private SpillConfig spill;
    private Duration itlTarget;

    private Builder(EngineConfig from) {
      contextSize = from.contextSize;
      slots = from.slots;
      queueLimit = from.queueLimit;
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
    }

    public Builder contextSize(int value) {
      contextSize = value;
      return this;
    }

    public Builder slots(int value) {
      slots = value;
      return this;
    }

    public Builder queueLimit(int value) {
      queueLimit = value;
      return this;
    }

    public Builder batchSize(int value) {
      batchSize = value;
      return this;
    }

    public Builder microBatchSize(int value) {
      microBatchSize = value;
      return this;
    }

    public Builder threads(int value) {
      threads = value;
      return this;
    }

    public Builder batchThreads(int value) {
      batchThreads = value;
      return this;
    }

    public Builder mailboxCapacity(int value) {
      mailboxCapacity = value;
      return this;
    }

    public Builder keyType(KvCacheType value) {
      keyType = value;
      return this;
    }

    public Builder valueType(KvCacheType value) {
      valueType = value;
      return this;
    }

    public Builder flashAttention(FlashAttention value) {
      flashAttention = value;
      return this;
    }

    public Builder reusePrefixes(boolean value) {
      reusePrefixes = value;
      return this;
    }

    public Builder spill(SpillConfig value) {
      spill = value;
      return this;
    }

    public Builder itlTarget(Duration value) {
      itlTarget = value;
      return this;
    }

    /**
     * @throws IllegalArgumentException if a value is out of its range
     */
    public EngineConfig build() {
      return new EngineConfig(
          contextSize,
          slots,
          queueLimit,
          batchSize,
          microBatchSize,
          threads,
          batchThreads,
          mailboxCapacity,
          keyType,
          valueType,
          flashAttention,
          reusePrefixes,
          spill,
          itlTarget);
    }
  }
}
