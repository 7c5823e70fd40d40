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
 * Loads a model on a thread of its own, so that a signal to stop is heard meanwhile, whatever the load is doing.
 *
 * <p>Lifetime: owns the model; {@link #close} stops the load or closes the model, if it has begun. For one thread.
 */
final class BackgroundLoad implements AutoCloseable {
  /** How long a load that was stopped is waited for; longer ones are left to the end of the process. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final CompletableFuture<LoadedModel> model = new CompletableFuture<>();
  private final Thread thread;
  private volatile boolean stopped;

  private BackgroundLoad(Function<BooleanSupplier, LoadedModel> load) {
    thread = Thread.ofPlatform().daemon().name("panallama-load").unstarted(() -> run(load));
  }

  /**
   * A load that {@link #begin} begins.
   *
   * @param load gets a question that it should ask often: whether to stop
   */
  static BackgroundLoad of(Function<BooleanSupplier, LoadedModel> load) {
    return new BackgroundLoad(load);
  }

  /** Begins to load. Call it once. */
  void begin() {
    thread.start();
  }

  private void run(Function<BooleanSupplier, LoadedModel> load) {
    try {
      LoadedModel loaded = load.apply(() -> stopped);
      if (!model.complete(loaded)) {
        loaded.close();
      }
    } catch (Throwable failure) {
      model.completeExceptionally(failure);
    }
  }

  /**
   * Waits for the model, or until {@code stop} is complete.
   *
   * @return empty if {@code stop} was first
   * @throws RuntimeException or an error: what the load threw
   */
  Optional<LoadedModel> await(CompletableFuture<?> stop) throws InterruptedException {
    try {
      CompletableFuture.anyOf(stop, model).get();
      return stop.isDone() ? Optional.empty() : Optional.of(model.join());
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
    if (!model.isDone()) {
      thread.interrupt();
    }
    try {
      model.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS).close();
    } catch (TimeoutException abandoned) {
      if (!model.cancel(false) && !model.isCompletedExceptionally()) {
        model.join().close();
      }
    } catch (ExecutionException reported) {
      // await() threw it, or it is of no interest to somebody who stops.
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }
}
