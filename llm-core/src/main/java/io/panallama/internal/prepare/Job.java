package io.panallama.internal.prepare;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A preparation and its caller, who may leave at any time. */
final class Job<T> {
  /** The job that a thread of a pool does. */
  private static final ThreadLocal<Job<?>> CURRENT = new ThreadLocal<>();

  final boolean large;
  final CompletableFuture<T> result = new CompletableFuture<>();
  private final Preparation<T> preparation;
  private final Consumer<T> discard;
  final Interruption interruption;

  Job(boolean large, Preparation<T> preparation, Consumer<T> discard, Interruption interruption) {
    this.interruption = interruption;
    this.large = large;
    this.preparation = preparation;
    this.discard = discard;
  }

  /** A task of a source. */
  static Job<?> of(TaskSource.Task task, Interruption interruption) {
    Job<?> job =
        new Job<>(
            task.large(),
            _ -> {
              task.run();
              return Boolean.TRUE;
            },
            _ -> {},
            interruption);
    task.isDoneBy(job);
    return job;
  }

  /** The job that this thread does; null if it does none. */
  static @Nullable Job<?> current() {
    return CURRENT.get();
  }

  void run() {
    CURRENT.set(this);
    try {
      interruption.during(this::make);
    } finally {
      CURRENT.remove();
    }
  }

  /** Does a preparation that is a part of this job, which is interrupted with it. */
  <R> R part(Preparation<R> part) {
    return part.run(this::requireCaller);
  }

  private void make() {
    T made;
    try {
      made = preparation.run(this::requireCaller);
    } catch (Throwable failed) {
      result.completeExceptionally(failed);
      return;
    }
    if (!result.complete(made)) {
      discard.accept(made);
    }
  }

  private void requireCaller() {
    if (result.isDone()) {
      throw new CancellationException("no one waits for this any more");
    }
  }

  void leave() {
    boolean madeJustNow = !result.cancel(false) && !result.isCompletedExceptionally();
    // Not sooner: what ends early asks at once whether it is still wanted.
    interruption.request();
    if (madeJustNow) {
      discard.accept(result.join());
    }
  }
}
