package io.panallama.internal.handle;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.panallama.EngineStartException;
import io.panallama.EngineStartException.Reason;
import io.panallama.bindings.generated.LlamaCpp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Owns the native threads that help the engine thread to sample. They sleep between two samplings; ggml's own threads
 * can't take that work, because they run nothing but graphs. Confined to the engine thread.
 */
final class SamplingPool implements AutoCloseable {
  private final MemorySegment pool;

  private SamplingPool(MemorySegment pool) {
    this.pool = pool;
  }

  /**
   * Starts helpers. None are made where one thread is to do everything.
   *
   * @param threads those that sample, the engine's own included
   * @throws EngineStartException if the system gives no more threads
   */
  static SamplingPool start(int threads) {
    if (threads < 2) {
      return new SamplingPool(MemorySegment.NULL);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      if (LlamaCpp.panallama_sampling_pool_new(threads - 1, out, error.slot()) != LlamaCpp.PANALLAMA_OK()) {
        throw new EngineStartException(
            Reason.REFUSED, "The threads for sampling could not be started: " + error.take(), null);
      }
      return new SamplingPool(out.get(ADDRESS, 0));
    }
  }

  /** NULL when there are no helpers. */
  MemorySegment pointer() {
    return pool;
  }

  /** Waits until the threads have ended. */
  @Override
  public void close() {
    LlamaCpp.panallama_sampling_pool_free(pool);
  }
}
