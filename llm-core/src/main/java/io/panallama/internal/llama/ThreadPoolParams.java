package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.ggml_threadpool_params;
import io.panallama.config.EngineConfig;
import io.panallama.config.ThreadPlacement;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The parameters of a ggml thread pool. Contexts share a pool only if these are equal; a new option needs a component here and one line in {@link #allocate}.
 *
 * @param threads number of threads that compute together, including the caller's own
 * @param placement where they run
 */
record ThreadPoolParams(int threads, ThreadPlacement placement) {
  /** Parameters with llama.cpp's default placement. */
  ThreadPoolParams(int threads) {
    this(threads, ThreadPlacement.defaults());
  }

  /**
   * The parameters for an engine's steps: a step that only generates uses {@link EngineConfig#threads} of the pool's threads, one with prompts {@link EngineConfig#batchThreads}.
   *
   * @param config without {@link EngineConfig#AUTO}
   */
  static ThreadPoolParams of(EngineConfig config) {
    return new ThreadPoolParams(Math.max(config.threads(), config.batchThreads()), config.placement());
  }

  /** The {@code ggml_threadpool_params}, which are only read while the pool is created. */
  MemorySegment allocate(Arena arena) {
    MemorySegment struct = LlamaCpp.ggml_threadpool_params_default(arena, threads);
    MemorySegment mask = ggml_threadpool_params.cpumask(struct);
    for (int processor : placement.processors()) {
      mask.set(JAVA_BOOLEAN, processor, true);
    }
    ggml_threadpool_params.strict_cpu(struct, placement.strict());
    ggml_threadpool_params.prio(struct, priority(placement.priority()));
    ggml_threadpool_params.poll(struct, placement.polling());
    return struct;
  }

  private static int priority(ThreadPlacement.Priority priority) {
    return switch (priority) {
      case LOW -> LlamaCpp.GGML_SCHED_PRIO_LOW();
      case NORMAL -> LlamaCpp.GGML_SCHED_PRIO_NORMAL();
      case MEDIUM -> LlamaCpp.GGML_SCHED_PRIO_MEDIUM();
      case HIGH -> LlamaCpp.GGML_SCHED_PRIO_HIGH();
      case REALTIME -> LlamaCpp.GGML_SCHED_PRIO_REALTIME();
    };
  }
}
