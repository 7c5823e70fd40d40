package io.panallama.generation;

import java.util.concurrent.CompletableFuture;

/** The answer of a generation once a virtual thread has read it. Ending the future in another way closes the generation. */
final class GenerationFuture {
  private GenerationFuture() {}

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
