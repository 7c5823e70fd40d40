package io.panallama.internal.embed;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** A call of an embedder that its caller does not wait for. */
public final class EmbeddingCall {
  private EmbeddingCall() {}

  /**
   * Makes a call on a virtual thread of its own, which is interrupted when the future is cancelled.
   *
   * @return what the call returns or throws
   */
  public static <T> CompletableFuture<T> start(Supplier<T> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        Thread.ofVirtual()
            .name("panallama-embed")
            .unstarted(() -> {
              try {
                result.complete(call.get());
              } catch (Throwable failure) {
                result.completeExceptionally(failure);
              }
            });
    var _ =
        result.whenComplete((_, _) -> {
          if (result.isCancelled()) {
            thread.interrupt();
          }
        });
    thread.start();
    return result;
  }
}
