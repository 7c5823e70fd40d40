package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.EngineConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * How the threads of a ggml thread pool run. Contexts share a pool only if these are equal; a new option is a component
 * here and one line in {@link #allocate}.
 *
 * @param threads how many compute together, the caller's own among them
 */
record ThreadPoolParams(int threads) {
  /**
   * What the steps of an engine need: a step that only generates uses {@link EngineConfig#threads} of the pool's threads,
   * one with prompts {@link EngineConfig#batchThreads}.
   *
   * @param config without {@link EngineConfig#AUTO}
   */
  static ThreadPoolParams of(EngineConfig config) {
    return new ThreadPoolParams(Math.max(config.threads(), config.batchThreads()));
  }

  /** The {@code ggml_threadpool_params}, which are read while the pool is created and not after that. */
  MemorySegment allocate(Arena arena) {
    return LlamaCpp.ggml_threadpool_params_default(arena, threads);
  }
}
