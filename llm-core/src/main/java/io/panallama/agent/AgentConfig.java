package io.panallama.agent;

import java.time.Duration;

/**
 * The limits of a run.
 *
 * @param maxRounds the most generations, at least 1. What the last one wants called is not called
 * @param maxCalls the most tool calls, at least 0
 * @param timeLimit the longest time from the start to the end, waiting and tools included
 * @param callTimeLimit the longest time of one call; then its thread is interrupted and the model told so
 * @param parallelCalls whether the calls of one answer are made at the same time, each in a virtual thread; one after the other
 *     otherwise. The model gets the results in the order of its calls either way
 */
public record AgentConfig(
    int maxRounds, int maxCalls, Duration timeLimit, Duration callTimeLimit, boolean parallelCalls) {
  private static final AgentConfig DEFAULTS =
      new AgentConfig(8, 32, Duration.ofMinutes(5), Duration.ofSeconds(30), false);

  /**
   * @throws IllegalArgumentException if a value is out of its range
   */
  public AgentConfig {
    if (maxRounds < 1) {
      throw new IllegalArgumentException("maxRounds is " + maxRounds + "; it must be at least 1.");
    }
    if (maxCalls < 0) {
      throw new IllegalArgumentException("maxCalls is " + maxCalls + "; it must be at least 0.");
    }
    requirePositive("timeLimit", timeLimit);
    requirePositive("callTimeLimit", callTimeLimit);
  }

  private static void requirePositive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be larger than 0.");
    }
  }

  /** 8 rounds, 32 calls, 5 minutes, 30 seconds for a call, one call after the other. */
  public static AgentConfig defaults() {
    return DEFAULTS;
  }

  public AgentConfig withMaxRounds(int newMaxRounds) {
    return new AgentConfig(newMaxRounds, maxCalls, timeLimit, callTimeLimit, parallelCalls);
  }

  public AgentConfig withMaxCalls(int newMaxCalls) {
    return new AgentConfig(maxRounds, newMaxCalls, timeLimit, callTimeLimit, parallelCalls);
  }

  public AgentConfig withTimeLimit(Duration newTimeLimit) {
    return new AgentConfig(maxRounds, maxCalls, newTimeLimit, callTimeLimit, parallelCalls);
  }

  public AgentConfig withCallTimeLimit(Duration newCallTimeLimit) {
    return new AgentConfig(maxRounds, maxCalls, timeLimit, newCallTimeLimit, parallelCalls);
  }

  public AgentConfig withParallelCalls(boolean newParallelCalls) {
    return new AgentConfig(maxRounds, maxCalls, timeLimit, callTimeLimit, newParallelCalls);
  }
}
