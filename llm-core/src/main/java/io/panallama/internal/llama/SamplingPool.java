package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Lets the threads of a {@link ThreadPool} take samples between two steps. Confined to the engine thread, and closed before the threads end.
 */
final class SamplingPool implements AutoCloseable {
  private final MemorySegment pool;

  private SamplingPool(MemorySegment pool) {
    this.pool = pool;
  }

  /**
   * Borrows threads. If there are none besides the engine's own, nothing is created.
   *
   * @param count number of threads that sample, including the engine's own
   * @throws EngineStartException if ggml's CPU backend can't use them
   */
  static SamplingPool borrow(ThreadPool threads, int count) {
    if (count < 2 || threads.pointer().address() == 0) {
      return new SamplingPool(MemorySegment.NULL);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      if (LlamaCpp.panallama_sampling_pool_new(threads.pointer(), count, out, error.slot())
          != LlamaCpp.PANALLAMA_OK()) {
        throw new EngineStartException(
            Reason.REFUSED, "The threads can't be used for sampling: " + error.take() + ".", null);
      }
      return new SamplingPool(out.get(ADDRESS, 0));
    }
  }

  boolean hasThreads() {
    return pool.address() != 0;
  }

  /** NULL if a single thread does everything. */
  MemorySegment pointer() {
    return pool;
  }

  @Override
  public void close() {
    LlamaCpp.panallama_sampling_pool_free(pool);
  }
}
