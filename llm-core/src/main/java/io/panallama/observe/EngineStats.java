package io.panallama.observe;

/**
 * A snapshot of an engine's current load and of its counters.
 *
 * @param running number of generations that hold a slot
 * @param waiting number of generations in the queue
 * @param slots number of generations that can run at once
 * @param steps calls of {@code llama_decode} so far
 * @param promptTokens prompt tokens computed so far
 * @param generatedTokens tokens generated so far
 * @param promptNanos nanoseconds of the calls of llama.cpp that computed prompts, with the sampling of their first tokens
 * @param generationNanos nanoseconds of the calls that computed the next tokens of running generations, with their sampling
 * @param preemptions how often a running generation released its KV cells to make room and had to be recomputed
 * @param cachedPromptTokens prompt tokens that were not computed because the KV cache had them or they were restored to
 *     it
 * @param restores how often a prefix was restored to the KV cache from host memory or disk
 * @param spilledBytes current bytes of prefixes in host memory
 * @param diskBytes current bytes of prefixes in files, including those of other models in the same directory
 * @param detail what the steps were like, and what caches and memory hold
 */
public record EngineStats(
    int running,
    int waiting,
    int slots,
    long steps,
    long promptTokens,
    long generatedTokens,
    long promptNanos,
    long generationNanos,
    long preemptions,
    long cachedPromptTokens,
    long restores,
    long spilledBytes,
    long diskBytes,
    EngineDetail detail) {
  /** Statistics without detail. */
  public EngineStats(
      int running,
      int waiting,
      int slots,
      long steps,
      long promptTokens,
      long generatedTokens,
      long promptNanos,
      long generationNanos,
      long preemptions,
      long cachedPromptTokens,
      long restores,
      long spilledBytes,
      long diskBytes) {
    this(
        running,
        waiting,
        slots,
        steps,
        promptTokens,
        generatedTokens,
        promptNanos,
        generationNanos,
        preemptions,
        cachedPromptTokens,
        restores,
        spilledBytes,
        diskBytes,
        EngineDetail.NONE);
  }

  /** The same with this detail. */
  public EngineStats withDetail(EngineDetail other) {
    return new EngineStats(
        running,
        waiting,
        slots,
        steps,
        promptTokens,
        generatedTokens,
        promptNanos,
        generationNanos,
        preemptions,
        cachedPromptTokens,
        restores,
        spilledBytes,
        diskBytes,
        other);
  }
}
