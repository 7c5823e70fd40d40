package io.panallama.observe;

/**
 * A snapshot of what an engine is doing and has done.
 *
 * @param running generations that hold a slot
 * @param waiting generations in the queue
 * @param slots how many can run at once
 * @param steps calls of {@code llama_decode} so far
 * @param promptTokens prompt tokens computed so far
 * @param generatedTokens tokens generated so far
 * @param preemptions how often a running generation gave its KV cells back for want of room and was computed again
 * @param cachedPromptTokens prompt tokens that were not computed because the KV cache had them or got them back
 * @param restores how often a prefix came back to the KV cache from host memory or disk
 * @param spilledBytes of prefixes in host memory now
 * @param diskBytes of prefixes in files now, other models' in the same directory included
 */
public record EngineStats(
    int running,
    int waiting,
    int slots,
    long steps,
    long promptTokens,
    long generatedTokens,
    long preemptions,
    long cachedPromptTokens,
    long restores,
    long spilledBytes,
    long diskBytes) {}
