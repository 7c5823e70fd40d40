package io.panallama.generation;

import java.util.concurrent.CompletableFuture;

/** The future answer of a generation that a virtual thread reads. Completing it in any other way closes the generation. */
final class GenerationFuture {
  private GenerationFuture() {}

  @SuppressWarnings("FutureReturnValueIgnored") // the dependent stage only closes; the caller has the future
  static CompletableFuture<Completion> of(Generation generation) {
    if (!Readers.claim(generation)) {
      return CompletableFuture.failedFuture(Readers.alreadyClaimed(generation));
    }
    CompletableFuture<Completion> future = new CompletableFuture<>();
    future.whenComplete((completion, failure) -> {
      if (failure != null) {
        generation.close();
      }
    });
    Readers.unstarted(() -> read(generation, future)).start();
    return future;
  }

  private static void read(Generation generation, CompletableFuture<Completion> future) {
    try {
      future.complete(generation.await());
    } catch (Throwable failure) {
      future.completeExceptionally(failure);
    }
  }
}
