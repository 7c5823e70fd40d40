package io.panallama.config;

import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.Pooling;
import io.panallama.error.EngineBusyException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The layout and limits of an embedder, and of a {@link io.panallama.Reranker} or a {@link io.panallama.Classifier}.
 * {@link io.panallama.Embedder#config Embedder.config} returns the same with every {@link #AUTO} replaced by the chosen
 * number. Immutable and thread-safe.
 */
public final class EmbedderConfig {
  /** Lets the embedder choose. */
  public static final int AUTO = 0;

  private static final EmbedderConfig DEFAULTS = new Builder().build();

  private final int batchSize;
  private final int threads;
  private final int queueLimit;
  private final Pooling pooling;
  private final FlashAttention flashAttention;
  private final ThreadPlacement placement;
  private final @Nullable String queryPrefix;
  private final @Nullable String documentPrefix;
  private final Isolation isolation;
  private final IsolationConfig isolationConfig;

  private EmbedderConfig(Builder from) {
    batchSize = from.batchSize;
    threads = from.threads;
    queueLimit = from.queueLimit;
    pooling = from.pooling;
    flashAttention = from.flashAttention;
    placement = from.placement;
    queryPrefix = from.queryPrefix;
    documentPrefix = from.documentPrefix;
    isolation = from.isolation;
    isolationConfig = from.isolationConfig;
    ConfigChecks.inRange("batchSize", batchSize, AUTO, 1 << 20);
    ConfigChecks.inRange("threads", threads, AUTO, EngineConfig.MAX_THREADS);
    ConfigChecks.inRange("queueLimit", queueLimit, 1, 10_000_000);
  }

  /** The model's pooling, a queue of 65,536 texts, everything else {@link #AUTO}. */
  public static EmbedderConfig defaults() {
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

  /**
   * The maximum number of tokens computed at once, and so of one text. {@link #AUTO}, the default, uses as many as the
   * model was trained for, 512 to 2048, but fewer where their outputs would take more than an eighth of the free memory:
   * llama.cpp keeps a number for each of them and each token of the vocabulary.
   */
  public int batchSize() {
    return batchSize;
  }

  /**
   * Number of threads. {@link #AUTO}, the default, uses one per processor of this process, but a single one for a model of
   * less than 16 MiB. Capped at the number of processors.
   */
  public int threads() {
    return threads;
  }

  /** Number of texts that may wait, 65,536 by default; further ones are rejected with {@link EngineBusyException}. */
  public int queueLimit() {
    return queueLimit;
  }

  /** How the vectors of tokens become one; {@link Pooling#MODEL} by default. */
  public Pooling pooling() {
    return pooling;
  }

  /** Whether attention uses the fused kernel; by default the device and the model decide. */
  public FlashAttention flashAttention() {
    return flashAttention;
  }

  /** Where the compute threads run; anywhere by default. */
  public ThreadPlacement placement() {
    return placement;
  }

  /**
   * What is put in front of a text of {@link EmbeddingTask#QUERY}. By default nothing: GGUF files do not name the prefixes
   * that a model was trained with.
   */
  public Optional<String> queryPrefix() {
    return Optional.ofNullable(queryPrefix);
  }

  /** What is put in front of a text of {@link EmbeddingTask#DOCUMENT}; like {@link #queryPrefix}. */
  public Optional<String> documentPrefix() {
    return Optional.ofNullable(documentPrefix);
  }

  /**
   * Where the model is loaded and computed; {@link Isolation#NONE} by default. With {@link Isolation#PROCESS}, nothing that
   * llama.cpp does ends this process: the other one is replaced if it dies, and what it had is computed again.
   */
  public Isolation isolation() {
    return isolation;
  }

  /** The limits of that process; without effect for {@link Isolation#NONE}. */
  public IsolationConfig isolationConfig() {
    return isolationConfig;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof EmbedderConfig that
        && batchSize == that.batchSize
        && threads == that.threads
        && queueLimit == that.queueLimit
        && pooling == that.pooling
        && flashAttention == that.flashAttention
        && placement.equals(that.placement)
        && Objects.equals(queryPrefix, that.queryPrefix)
        && Objects.equals(documentPrefix, that.documentPrefix)
        && isolation == that.isolation
        && isolationConfig.equals(that.isolationConfig);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        batchSize,
        threads,
        queueLimit,
        pooling,
        flashAttention,
        placement,
        queryPrefix,
        documentPrefix,
        isolation,
        isolationConfig);
  }

  @Override
  public String toString() {
    return ("EmbedderConfig[batchSize=%d, threads=%d, queueLimit=%d, pooling=%s, flashAttention=%s, placement=%s, "
            + "queryPrefix=%s, documentPrefix=%s, isolation=%s, isolationConfig=%s]")
        .formatted(
            batchSize,
            threads,
            queueLimit,
            pooling,
            flashAttention,
            placement,
            queryPrefix,
            documentPrefix,
            isolation,
            isolationConfig);
  }

  /** Collects the components of an {@link EmbedderConfig}. Not thread-safe. */
  public static final class Builder {
    private int batchSize = AUTO;
    private int threads = AUTO;
    private int queueLimit = 1 << 16;
    private Pooling pooling = Pooling.MODEL;
    private FlashAttention flashAttention = FlashAttention.AUTO;
    private ThreadPlacement placement = ThreadPlacement.defaults();
    private @Nullable String queryPrefix;
    private @Nullable String documentPrefix;
    private Isolation isolation = Isolation.NONE;
    private IsolationConfig isolationConfig = IsolationConfig.defaults();

    private Builder() {}

    private Builder(EmbedderConfig from) {
      batchSize = from.batchSize;
      threads = from.threads;
      queueLimit = from.queueLimit;
      pooling = from.pooling;
      flashAttention = from.flashAttention;
      placement = from.placement;
      queryPrefix = from.queryPrefix;
      documentPrefix = from.documentPrefix;
      isolation = from.isolation;
      isolationConfig = from.isolationConfig;
    }

    /** See {@link EmbedderConfig#batchSize}. */
    public Builder batchSize(int value) {
      batchSize = value;
      return this;
    }

    /** See {@link EmbedderConfig#threads}. */
    public Builder threads(int value) {
      threads = value;
      return this;
    }

    /** See {@link EmbedderConfig#queueLimit}. */
    public Builder queueLimit(int value) {
      queueLimit = value;
      return this;
    }

    /** See {@link EmbedderConfig#pooling}. */
    public Builder pooling(Pooling value) {
      pooling = Objects.requireNonNull(value, "pooling");
      return this;
    }

    /** See {@link EmbedderConfig#flashAttention}. */
    public Builder flashAttention(FlashAttention value) {
      flashAttention = Objects.requireNonNull(value, "flashAttention");
      return this;
    }

    /** See {@link EmbedderConfig#placement}. */
    public Builder placement(ThreadPlacement value) {
      placement = Objects.requireNonNull(value, "placement");
      return this;
    }

    /** See {@link EmbedderConfig#queryPrefix}. */
    public Builder queryPrefix(String value) {
      queryPrefix = Objects.requireNonNull(value, "queryPrefix");
      return this;
    }

    /** See {@link EmbedderConfig#documentPrefix}. */
    public Builder documentPrefix(String value) {
      documentPrefix = Objects.requireNonNull(value, "documentPrefix");
      return this;
    }

    /** See {@link EmbedderConfig#isolation}. */
    public Builder isolation(Isolation value) {
      isolation = Objects.requireNonNull(value, "isolation");
      return this;
    }

    /** See {@link EmbedderConfig#isolationConfig}. */
    public Builder isolationConfig(IsolationConfig value) {
      isolationConfig = Objects.requireNonNull(value, "isolationConfig");
      return this;
    }

    /**
     * Makes the configuration.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public EmbedderConfig build() {
      return new EmbedderConfig(this);
    }
  }
}
