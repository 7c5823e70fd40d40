package io.panallama.cli;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Loads an engine on a thread of its own, so that a signal to stop is heard meanwhile, whatever the load is doing.
 *
 * <p>Lifetime: owns the engine; {@link #close} stops the load or closes the engine, if it has begun. For one thread.
 */
final class BackgroundLoad implements AutoCloseable {
  /** How long a load that was stopped is waited for; longer ones are left to the end of the process. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final CompletableFuture<LoadedEngine> engine = new CompletableFuture<>();
  private final Thread thread;
  private volatile boolean stopped;

  private BackgroundLoad(Function<BooleanSupplier, LoadedEngine> load) {
    thread = Thread.ofPlatform().daemon().name("panallama-load").unstarted(() -> run(load));
  }

  /**
   * A load that {@link #begin} begins.
   *
   * @param load gets a question that it should ask often: whether to stop
   */
  static BackgroundLoad of(Function<BooleanSupplier, LoadedEngine> load) {
    return new BackgroundLoad(load);
  }

  /** Begins to load. Call it once. */
  void begin() {
    thread.start();
  }

  private void run(Function<BooleanSupplier, LoadedEngine> load) {
    try {
      LoadedEngine loaded = load.apply(() -> stopped);
      if (!engine.complete(loaded)) {
        loaded.close();
      }
    } catch (Throwable failure) {
      engine.completeExceptionally(failure);
    }
  }

  /**
   * Waits for the engine, or until {@code stop} is complete.
   *
   * @return empty if {@code stop} was first
   * @throws RuntimeException or an error: what the load threw
   */
  Optional<LoadedEngine> await(CompletableFuture<?> stop) throws InterruptedException {
    try {
      CompletableFuture.anyOf(stop, engine).get();
      return stop.isDone() ? Optional.empty() : Optional.of(engine.join());
    } catch (ExecutionException failed) {
      switch (failed.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw new IllegalStateException(failed);
      }
    }
  }

  @Override
  public void close() {
    stopped = true;
    if (thread.getState() == Thread.State.NEW) {
      return;
    }
    if (!engine.isDone()) {
      thread.interrupt();
    }
    try {
      engine.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS).close();
    } catch (TimeoutException abandoned) {
      if (!engine.cancel(false) && !engine.isCompletedExceptionally()) {
        engine.join().close();
      }
    } catch (ExecutionException reported) {
      // await() threw it, or it is of no interest to somebody who stops.
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }
}
