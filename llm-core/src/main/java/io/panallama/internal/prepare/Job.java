package io.panallama.internal.prepare;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A preparation and its caller, who may leave at any time. */
final class Job<T> {
  private static final Interruption NO_INTERRUPTION =
      new Interruption() {
        @Override
        public void during(Runnable work) {
          work.run();
        }

        @Override
        public void request() {}
      };

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

  /** A task of a source, whose preparations are interrupted themselves. */
  static Job<?> of(TaskSource.Task task) {
    return new Job<>(
        task.large(),
        _ -> {
          task.work().run();
          return Boolean.TRUE;
        },
        _ -> {},
        NO_INTERRUPTION);
  }

  void run() {
    interruption.during(this::make);
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
    interruption.request();
    boolean madeJustNow = !result.cancel(false) && !result.isCompletedExceptionally();
    if (madeJustNow) {
      discard.accept(result.join());
    }
  }
}
