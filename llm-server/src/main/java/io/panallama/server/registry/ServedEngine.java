package io.panallama.server.registry;

import io.panallama.Engine;
import io.panallama.TextGenerator;
import io.panallama.observe.EngineStats;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What generates for a served model. Immutable; whether it is safe for use by several threads depends on its parts, which
 * are called from any thread.
 */
public final class ServedEngine {
  private final TextGenerator generator;
  private final Supplier<Optional<EngineStats>> stats;
  private final Supplier<Health> health;
  private final Runnable onRelease;

  private ServedEngine(
      TextGenerator generator, Supplier<Optional<EngineStats>> stats, Supplier<Health> health, Runnable onRelease) {
    this.generator = Objects.requireNonNull(generator, "generator");
    this.stats = Objects.requireNonNull(stats, "stats");
    this.health = Objects.requireNonNull(health, "health");
    this.onRelease = Objects.requireNonNull(onRelease, "onRelease");
  }

  /**
   * A generator that counts as healthy and has no statistics, unless it is an {@link Engine}, which knows both.
   */
  public static ServedEngine of(TextGenerator generator) {
    return generator instanceof Engine engine
        ? new ServedEngine(
            engine, () -> Optional.of(engine.stats()), () -> Health.of(engine.state(), engine::failure), () -> {})
        : new ServedEngine(generator, Optional::empty, Health::up, () -> {});
  }

  /** The same with these statistics, which {@code /ready} reports. */
  public ServedEngine withStats(Supplier<EngineStats> newStats) {
    Objects.requireNonNull(newStats, "newStats");
    return new ServedEngine(generator, () -> Optional.of(newStats.get()), health, onRelease);
  }

  /** The same with another health check. It is called at every request, so it must not block. */
  public ServedEngine withHealth(Supplier<Health> newHealth) {
    return new ServedEngine(generator, stats, newHealth, onRelease);
  }

  /** The same, running {@code action} once when it is no longer served and its last lease was returned. */
  public ServedEngine onRelease(Runnable action) {
    return new ServedEngine(generator, stats, health, action);
  }

  TextGenerator generator() {
    return generator;
  }

  Optional<EngineStats> stats() {
    return stats.get();
  }

  Health health() {
    return health.get();
  }

  void release() {
    onRelease.run();
  }
}
