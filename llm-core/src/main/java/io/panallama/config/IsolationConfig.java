package io.panallama.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The limits of the process in which an {@link io.panallama.IsolatedEngine}, or an embedder, a reranker or a classifier with
 * {@link Isolation#PROCESS}, computes. Immutable and thread-safe.
 */
public final class IsolationConfig {
  private static final Runnable NOTHING =
      new Runnable() {
        @Override
        public void run() {}

        @Override
        public String toString() {
          return "nothing";
        }
      };

  private static final IsolationConfig DEFAULTS = new Builder().build();

  private final Duration stepLimit;
  private final Duration silenceLimit;
  private final Duration loadLimit;
  private final Duration refusal;
  private final long memoryBytes;
  private final @Nullable Path reports;
  private final @Nullable NumaStrategy numa;
  private final Runnable beforeRestart;

  private IsolationConfig(Builder from) {
    stepLimit = from.stepLimit;
    silenceLimit = from.silenceLimit;
    loadLimit = from.loadLimit;
    refusal = from.refusal;
    memoryBytes = from.memoryBytes;
    reports = from.reports;
    numa = from.numa;
    beforeRestart = from.beforeRestart;
    positive("stepLimit", stepLimit);
    positive("silenceLimit", silenceLimit);
    positive("loadLimit", loadLimit);
    if (refusal.isNegative()) {
      throw new IllegalArgumentException("refusal is " + refusal + "; it must be 0 or more.");
    }
    if (memoryBytes < 0) {
      throw new IllegalArgumentException("memoryBytes is " + memoryBytes + "; it must be 0 or more.");
    }
  }

  private static void positive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be larger than 0.");
    }
  }

  /** A step of a minute, silence of 10 s, a load of 15 minutes, refusals of 10 minutes, no limit on memory. */
  public static IsolationConfig defaults() {
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
   * How long one step, or the preparation of one request, may take before the process is ended and replaced; 60 s by
   * default. A machine whose steps take longer than a tenth of it gets ten times its longest step.
   */
  public Duration stepLimit() {
    return stepLimit;
  }

  /**
   * How long the process may say nothing before it is ended and replaced; 10 s by default. It says five times a second
   * that it is alive, whatever it computes.
   */
  public Duration silenceLimit() {
    return silenceLimit;
  }

  /** How long loading the model may take before the process is ended; 15 minutes by default. */
  public Duration loadLimit() {
    return loadLimit;
  }

  /** How long a request that killed the process is refused without being tried; 10 minutes by default. */
  public Duration refusal() {
    return refusal;
  }

  /**
   * How much memory the process may allocate, in bytes ({@code RLIMIT_DATA}): KV cache, compute buffers, copies of
   * weights and its own heap, but not the mapped model file. 0, the default, sets no limit; in any case the kernel is
   * told to end this process first when memory runs out. An engine whose first process has too little does not start
   * ({@link io.panallama.error.EngineStartException.Reason#INSUFFICIENT_MEMORY}).
   */
  public long memoryBytes() {
    return memoryBytes;
  }

  /** The folder for crash reports, of which the last twenty are kept; by default one in Panallama's cache folder. */
  public Optional<Path> reports() {
    return Optional.ofNullable(reports);
  }

  /**
   * How the process uses a machine with several NUMA nodes; by default as if there were one. See
   * {@link io.panallama.NativeRuntime#initializeNuma}.
   */
  public Optional<NumaStrategy> numa() {
    return Optional.ofNullable(numa);
  }

  /**
   * Runs in this process, on a thread of the library's own, before each process that replaces one that has died: it can put
   * back a model file that is the caller's own to make. What it throws is logged, and the process is started all the same. By
   * default it does nothing.
   */
  public Runnable beforeRestart() {
    return beforeRestart;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof IsolationConfig that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "IsolationConfig" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("stepLimit", stepLimit);
    all.put("silenceLimit", silenceLimit);
    all.put("loadLimit", loadLimit);
    all.put("refusal", refusal);
    all.put("memoryBytes", memoryBytes);
    all.put("reports", reports());
    all.put("numa", numa());
    all.put("beforeRestart", beforeRestart);
    return all;
  }

  /** Collects the components of an {@link IsolationConfig}. Not thread-safe. */
  public static final class Builder {
    private Duration stepLimit = Duration.ofSeconds(60);
    private Duration silenceLimit = Duration.ofSeconds(10);
    private Duration loadLimit = Duration.ofMinutes(15);
    private Duration refusal = Duration.ofMinutes(10);
    private long memoryBytes;
    private @Nullable Path reports;
    private @Nullable NumaStrategy numa;
    private Runnable beforeRestart = NOTHING;

    private Builder() {}

    private Builder(IsolationConfig from) {
      stepLimit = from.stepLimit;
      silenceLimit = from.silenceLimit;
      loadLimit = from.loadLimit;
      refusal = from.refusal;
      memoryBytes = from.memoryBytes;
      reports = from.reports;
      numa = from.numa;
      beforeRestart = from.beforeRestart;
    }

    /** Sets {@link IsolationConfig#stepLimit()}. */
    public Builder stepLimit(Duration value) {
      stepLimit = Objects.requireNonNull(value, "stepLimit");
      return this;
    }

    /** Sets {@link IsolationConfig#silenceLimit()}. */
    public Builder silenceLimit(Duration value) {
      silenceLimit = Objects.requireNonNull(value, "silenceLimit");
      return this;
    }

    /** Sets {@link IsolationConfig#loadLimit()}. */
    public Builder loadLimit(Duration value) {
      loadLimit = Objects.requireNonNull(value, "loadLimit");
      return this;
    }

    /** Sets {@link IsolationConfig#refusal()}. */
    public Builder refusal(Duration value) {
      refusal = Objects.requireNonNull(value, "refusal");
      return this;
    }

    /** Sets {@link IsolationConfig#memoryBytes()}. */
    public Builder memoryBytes(long value) {
      memoryBytes = value;
      return this;
    }

    /** Sets {@link IsolationConfig#reports()}. */
    public Builder reports(Path value) {
      reports = Objects.requireNonNull(value, "reports");
      return this;
    }

    /** Unsets {@link IsolationConfig#reports()}. */
    public Builder noReports() {
      reports = null;
      return this;
    }

    /** Sets {@link IsolationConfig#numa()}. */
    public Builder numa(NumaStrategy value) {
      numa = Objects.requireNonNull(value, "numa");
      return this;
    }

    /** Unsets {@link IsolationConfig#numa()}. */
    public Builder noNuma() {
      numa = null;
      return this;
    }

    /** Sets {@link IsolationConfig#beforeRestart()}. */
    public Builder beforeRestart(Runnable value) {
      beforeRestart = Objects.requireNonNull(value, "beforeRestart");
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public IsolationConfig build() {
      return new IsolationConfig(this);
    }
  }
}
