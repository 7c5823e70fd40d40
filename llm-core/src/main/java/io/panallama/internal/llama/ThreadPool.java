package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.ggml_threadpool_free_t;
import io.panallama.bindings.generated.ggml_threadpool_new_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Owns the threads that ggml's CPU backend computes with. Without a pool, ggml starts and ends its threads at every step.
 *
 * <p>Several contexts may be attached to one pool if they compute one at a time, on any thread. It must be freed after them.
 */
final class ThreadPool implements AutoCloseable {
  private final MemorySegment pool;
  private final MemorySegment free;

  private ThreadPool(MemorySegment pool, MemorySegment free) {
    this.pool = pool;
    this.free = free;
  }

  /**
   * Starts the threads. With a single thread, the caller's own, there is none to start, but without a pool ggml would still create one in every step.
   */
  static ThreadPool create(ThreadPoolParams params) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment registry = LlamaCpp.ggml_backend_reg_by_name(arena.allocateFrom("CPU"));
      MemorySegment make = function(registry, "ggml_threadpool_new", arena);
      MemorySegment free = function(registry, "ggml_threadpool_free", arena);
      MemorySegment pool = ggml_threadpool_new_t.invoke(make, params.allocate(arena));
      return new ThreadPool(pool, free);
    }
  }

  /** NULL if there are no threads besides the engine's own. */
  MemorySegment pointer() {
    return pool;
  }

  /** ggml opens its CPU library privately; these functions are only available by name. */
  private static MemorySegment function(MemorySegment registry, String name, Arena arena) {
    MemorySegment address = LlamaCpp.ggml_backend_reg_get_proc_address(registry, arena.allocateFrom(name));
    if (address.address() == 0) {
      throw new IllegalStateException("ggml's CPU backend has no function " + name + ".");
    }
    return address;
  }

  /**
   * Attaches this pool to a context for the context's lifetime. The context must not be moved to another pool: ggml pauses the pool that a context leaves ({@code ggml_backend_cpu_set_threadpool}), and if a pool is paused while another context computes with it, that computation never finishes.
   */
  void attachTo(MemorySegment context) {
    if (pool.address() != 0) {
      LlamaCpp.llama_attach_threadpool(context, pool, MemorySegment.NULL);
    }
  }

  @Override
  public void close() {
    if (pool.address() != 0) {
      ggml_threadpool_free_t.invoke(free, pool);
    }
  }
}
