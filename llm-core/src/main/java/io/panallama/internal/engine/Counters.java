package io.panallama.internal.engine;

import io.panallama.internal.cache.CacheMeter;
import io.panallama.observe.EngineStats;

/** Counts the engine's work so far: written by the engine thread only, read by any thread. */
@SuppressWarnings("NonAtomicVolatileUpdate") // one writer
final class Counters implements CacheMeter {
  private volatile int running;
  private volatile long steps;
  private volatile long promptTokens;
  private volatile long generatedTokens;
  private volatile long promptNanos;
  private volatile long generationNanos;
  private volatile long preemptions;
  private volatile long cachedPromptTokens;
  private volatile long restores;
  private volatile long spilledBytes;
  private volatile long diskBytes;

  void running(int count) {
    if (count != running) {
      running = count;
    }
  }

  /**
   * Counts the tokens of a call of the decoder.
   *
   * @param first whether it is the first call of its step
   * @param nanos how long the call and the sampling after it took
   */
  void computed(boolean first, int prompts, int generated, long nanos) {
    steps = first ? steps + 1 : steps;
    if (prompts > 0) {
      promptNanos = promptNanos + nanos;
    } else {
      generationNanos = generationNanos + nanos;
    }
    promptTokens = promptTokens + prompts;
    generatedTokens = generatedTokens + generated;
  }

  /** Counts tokens that were chosen after their step. */
  void chosen(int tokens) {
    generatedTokens = generatedTokens + tokens;
  }

  void preempted() {
    preemptions = preemptions + 1;
  }

  @Override
  public void cached(int prompts) {
    cachedPromptTokens = cachedPromptTokens + prompts;
  }

  @Override
  public void restored() {
    restores = restores + 1;
  }

  @Override
  public void spilled(long bytes) {
    spilledBytes = bytes;
  }

  @Override
  public void onDisk(long bytes) {
    diskBytes = bytes;
  }

  /**
   * @param inFlight number of running and waiting generations together
   */
  EngineStats snapshot(int slots, int inFlight) {
    int runningNow = running;
    int waiting = Math.max(0, inFlight - runningNow);
    return new EngineStats(
        runningNow,
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
        diskBytes);
  }
}
