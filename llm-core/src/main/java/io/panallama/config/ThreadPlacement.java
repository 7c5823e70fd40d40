package io.panallama.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the compute threads run, and how eagerly: ggml's {@code ggml_threadpool_params}. {@link EngineConfig#threads}
 * sets their number. Engines with equal placements share their threads. Immutable and thread-safe.
 */
public final class ThreadPlacement {
  /** The highest processor number; ggml's limit ({@code GGML_MAX_N_THREADS} is 512). */
  public static final int MAX_PROCESSOR = 511;

  private static final ThreadPlacement DEFAULTS = new Builder().build();

  private final Set<Integer> processors;
  private final boolean strict;
  private final Priority priority;
  private final int polling;

  private ThreadPlacement(Builder from) {
    processors = from.processors;
    strict = from.strict;
    priority = from.priority;
    polling = from.polling;
    for (int processor : processors) {
      ConfigChecks.inRange("placement.processors", processor, 0, MAX_PROCESSOR);
    }
    if (strict && processors.isEmpty()) {
      throw new IllegalArgumentException(
          "placement.strict is true without placement.processors; name the processors, or leave strict false.");
    }
    ConfigChecks.inRange("placement.polling", polling, 0, 100);
  }

  /** Any processor, normal priority, llama.cpp's default polling. */
  public static ThreadPlacement defaults() {
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
   * Numbers of the processors that the threads may run on (llama.cpp: {@code cpumask}), 0 to {@link #MAX_PROCESSOR}, as
   * the operating system numbers them. Empty by default: all that the process may use. On Linux an engine refuses to
   * start with one that the process may not use.
   */
  public Set<Integer> processors() {
    return processors;
  }

  /**
   * Whether each thread is bound to one of the {@link #processors}, in ascending order, instead of to all of them
   * (llama.cpp: {@code strict_cpu}). Requires processors. False by default.
   */
  public boolean strict() {
    return strict;
  }

  /** The threads' priority for the operating system (llama.cpp: {@code prio}); normal by default. */
  public Priority priority() {
    return priority;
  }

  /**
   * How long threads spin waiting for work before they sleep (llama.cpp: {@code poll}), 0 to 100: 0 sleeps at once, 100
   * spins longest. 50 by default.
   */
  public int polling() {
    return polling;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ThreadPlacement that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "ThreadPlacement" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("processors", processors);
    all.put("strict", strict);
    all.put("priority", priority);
    all.put("polling", polling);
    return all;
  }

  /** Collects the components of a {@link ThreadPlacement}. Not thread-safe. */
  public static final class Builder {
    private Set<Integer> processors = Set.of();
    private boolean strict;
    private Priority priority = Priority.NORMAL;
    private int polling = 50;

    private Builder() {}

    private Builder(ThreadPlacement from) {
      processors = from.processors;
      strict = from.strict;
      priority = from.priority;
      polling = from.polling;
    }

    /** Sets {@link ThreadPlacement#processors()}. */
    public Builder processors(Set<Integer> value) {
      processors = Set.copyOf(value);
      return this;
    }

    /** Sets {@link ThreadPlacement#strict()}. */
    public Builder strict(boolean value) {
      strict = value;
      return this;
    }

    /** Sets {@link ThreadPlacement#priority()}. */
    public Builder priority(Priority value) {
      priority = Objects.requireNonNull(value, "priority");
      return this;
    }

    /** Sets {@link ThreadPlacement#polling()}. */
    public Builder polling(int value) {
      polling = value;
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public ThreadPlacement build() {
      return new ThreadPlacement(this);
    }
  }

  /** The priorities of {@code ggml_sched_priority}. */
  public enum Priority {
    /** Below other programs (Linux: {@code SCHED_BATCH}). */
    LOW,
    /** The same as the program that started the threads. */
    NORMAL,
    /** Above other programs; needs a privilege on Linux, without which llama.cpp leaves it unchanged and warns. */
    MEDIUM,
    /** Higher than {@link #MEDIUM}. */
    HIGH,
    /** Higher than {@link #HIGH}; it can starve the rest of the machine. */
    REALTIME
  }
}
