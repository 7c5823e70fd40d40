package io.panallama.server.registry;

import io.panallama.Engine;
import io.panallama.TextGenerator;
import io.panallama.observe.ActiveGeneration;
import io.panallama.observe.EngineStats;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongPredicate;
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
  private final Supplier<List<ActiveGeneration>> generations;
  private final LongPredicate cancel;

  private ServedEngine(
      TextGenerator generator,
      Supplier<Optional<EngineStats>> stats,
      Supplier<Health> health,
      Runnable onRelease,
      Supplier<List<ActiveGeneration>> generations,
      LongPredicate cancel) {
    this.generator = Objects.requireNonNull(generator, "generator");
    this.stats = Objects.requireNonNull(stats, "stats");
    this.health = Objects.requireNonNull(health, "health");
    this.onRelease = Objects.requireNonNull(onRelease, "onRelease");
    this.generations = Objects.requireNonNull(generations, "generations");
    this.cancel = Objects.requireNonNull(cancel, "cancel");
  }

  /**
   * A generator that counts as healthy, has no statistics and shows no generations, unless it is an {@link Engine}, which knows all of
   * them.
   */
  public static ServedEngine of(TextGenerator generator) {
    return generator instanceof Engine engine
        ? new ServedEngine(
            engine,
            () -> Optional.of(engine.stats()),
            () -> Health.of(engine.state(), engine::failure),
            () -> {},
            engine::generations,
            engine::cancel)
        : new ServedEngine(generator, Optional::empty, Health::up, () -> {}, List::of, _ -> false);
  }

  /** The same with these statistics, which {@code /ready} reports. */
  public ServedEngine withStats(Supplier<EngineStats> newStats) {
    Objects.requireNonNull(newStats, "newStats");
    return new ServedEngine(generator, () -> Optional.of(newStats.get()), health, onRelease, generations, cancel);
  }

  /** The same with another health check. It is called at every request, so it must not block. */
  public ServedEngine withHealth(Supplier<Health> newHealth) {
    return new ServedEngine(generator, stats, newHealth, onRelease, generations, cancel);
  }

  /** The same, running {@code action} once when it is no longer served and its last lease was returned. */
  public ServedEngine onRelease(Runnable action) {
    return new ServedEngine(generator, stats, health, action, generations, cancel);
  }

  /**
   * The same with these generations, which {@code /slots} shows.
   *
   * @param newGenerations those that run or wait; called from any thread, must not block
   * @param newCancel cancels the one with an id; false if there is none
   */
  public ServedEngine withGenerations(Supplier<List<ActiveGeneration>> newGenerations, LongPredicate newCancel) {
    return new ServedEngine(generator, stats, health, onRelease, newGenerations, newCancel);
  }

  /** The generations that run or wait, the oldest first. */
  public List<ActiveGeneration> generations() {
    return generations.get();
  }

  /** Cancels the generation with an id; false if there is none. */
  public boolean cancel(long id) {
    return cancel.test(id);
  }

  TextGenerator generator() {
    return generator;
  }

  /** What it is doing, if that is known. */
  public Optional<EngineStats> stats() {
    return stats.get();
  }

  Health health() {
    return health.get();
  }

  void release() {
    onRelease.run();
  }
}
