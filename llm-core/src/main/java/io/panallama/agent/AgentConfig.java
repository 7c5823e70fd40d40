package io.panallama.agent;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The limits of an agent's run. Immutable and thread-safe. */
public final class AgentConfig {
  private static final AgentConfig DEFAULTS = new Builder().build();

  private final int maxRounds;
  private final int maxCalls;
  private final Duration timeLimit;
  private final Duration callTimeLimit;
  private final boolean parallelCalls;

  private AgentConfig(Builder from) {
    maxRounds = from.maxRounds;
    maxCalls = from.maxCalls;
    timeLimit = from.timeLimit;
    callTimeLimit = from.callTimeLimit;
    parallelCalls = from.parallelCalls;
    if (maxRounds < 1) {
      throw new IllegalArgumentException("maxRounds is " + maxRounds + "; it must be at least 1.");
    }
    if (maxCalls < 0) {
      throw new IllegalArgumentException("maxCalls is " + maxCalls + "; it must be at least 0.");
    }
    requirePositive("timeLimit", timeLimit);
    requirePositive("callTimeLimit", callTimeLimit);
  }

  /** 8 rounds, 32 calls, 5 minutes, 30 seconds per call, one call after the other. */
  public static AgentConfig defaults() {
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

  private static void requirePositive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be larger than 0.");
    }
  }

  /** The maximum number of generations, at least 1; 8 by default. Calls that the last one requests are not made. */
  public int maxRounds() {
    return maxRounds;
  }

  /** The maximum number of tool calls, at least 0; 32 by default. */
  public int maxCalls() {
    return maxCalls;
  }

  /** The maximum time from start to end, including waiting and tools; 5 minutes by default. */
  public Duration timeLimit() {
    return timeLimit;
  }

  /** The maximum time of one call; then the call's thread is interrupted and the model is told about it. 30 seconds by default. */
  public Duration callTimeLimit() {
    return callTimeLimit;
  }

  /**
   * Whether the calls of one answer are made concurrently, each on a virtual thread, rather than one after the other. Either way the model gets the results in the order of its calls. False by default.
   */
  public boolean parallelCalls() {
    return parallelCalls;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof AgentConfig that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "AgentConfig" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("maxRounds", maxRounds);
    all.put("maxCalls", maxCalls);
    all.put("timeLimit", timeLimit);
    all.put("callTimeLimit", callTimeLimit);
    all.put("parallelCalls", parallelCalls);
    return all;
  }

  /** Collects the components of an {@link AgentConfig}. Not thread-safe. */
  public static final class Builder {
    private int maxRounds = 8;
    private int maxCalls = 32;
    private Duration timeLimit = Duration.ofMinutes(5);
    private Duration callTimeLimit = Duration.ofSeconds(30);
    private boolean parallelCalls;

    private Builder() {}

    private Builder(AgentConfig from) {
      maxRounds = from.maxRounds;
      maxCalls = from.maxCalls;
      timeLimit = from.timeLimit;
      callTimeLimit = from.callTimeLimit;
      parallelCalls = from.parallelCalls;
    }

    /** Sets {@link AgentConfig#maxRounds()}. */
    public Builder maxRounds(int value) {
      maxRounds = value;
      return this;
    }

    /** Sets {@link AgentConfig#maxCalls()}. */
    public Builder maxCalls(int value) {
      maxCalls = value;
      return this;
    }

    /** Sets {@link AgentConfig#timeLimit()}. */
    public Builder timeLimit(Duration value) {
      timeLimit = Objects.requireNonNull(value, "timeLimit");
      return this;
    }

    /** Sets {@link AgentConfig#callTimeLimit()}. */
    public Builder callTimeLimit(Duration value) {
      callTimeLimit = Objects.requireNonNull(value, "callTimeLimit");
      return this;
    }

    /** Sets {@link AgentConfig#parallelCalls()}. */
    public Builder parallelCalls(boolean value) {
      parallelCalls = value;
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public AgentConfig build() {
      return new AgentConfig(this);
    }
  }
}
