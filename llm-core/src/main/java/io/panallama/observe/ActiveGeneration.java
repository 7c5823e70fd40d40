package io.panallama.observe;

import io.panallama.request.Tenant;
import java.time.Duration;
import java.util.Objects;

/**
 * A generation that an engine runs, or that waits for a slot, at one moment. Immutable; thread-safe.
 *
 * @param id the same as {@link io.panallama.generation.Generation#id}
 * @param age since it was admitted
 * @param promptTokens the length of its prompt; 0 while that is not known
 * @param cachedTokens how many of them the KV cache had, or got from a lower tier
 * @param processedTokens how many of them are computed, the cached ones included
 * @param generatedTokens the length of its answer so far
 * @param maxTokens the most tokens that it may generate; {@link io.panallama.request.GenerationOptions#UNLIMITED} if only
 *     the context limits it
 * @param priority of its request
 * @param tenant for whom it is
 */
public record ActiveGeneration(
    long id,
    State state,
    Duration age,
    int promptTokens,
    int cachedTokens,
    int processedTokens,
    int generatedTokens,
    int maxTokens,
    int priority,
    Tenant tenant) {
  /** All components are required. */
  public ActiveGeneration {
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(age, "age");
    Objects.requireNonNull(tenant, "tenant");
  }

  /** Whether it has a slot. */
  public enum State {
    /** It waits for a slot, perhaps again. */
    WAITING,
    /** It has a slot, and computes its prompt or its answer. */
    RUNNING
  }
}
