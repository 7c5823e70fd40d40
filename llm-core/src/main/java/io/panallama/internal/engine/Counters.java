package io.panallama.internal.engine;

import io.panallama.internal.cache.CacheMeter;
import io.panallama.observe.EngineDetail;
import io.panallama.observe.EngineStats;
import java.util.List;

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
  private volatile long memoryTokens;
  private volatile long diskTokens;
  private volatile int paused;
  private volatile int kvCells;
  private volatile int kvCellsUsed;
  private volatile int kvCellsRetained;
  private final Tally stepNanos = Tally.ofDurations();
  private final Tally tokenGapNanos = Tally.ofDurations();
  private final Tally stepSequences = Tally.ofSequences();
  private final Tally stepTokens = Tally.ofTokens();
  private final Tally prefillTokens = Tally.ofTokens();

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

  /** A step has ended, which computed a token for each of these generations and these tokens of prompts. */
  void stepped(long nanos, int generating, int prompts) {
    stepNanos.add(nanos);
    stepTokens.add(generating + (long) prompts);
    if (generating > 0) {
      stepSequences.add(generating);
    }
    if (prompts > 0) {
      prefillTokens.add(prompts);
    }
  }

  /** A generation has a token, this long after the one before it. */
  void tokenAfter(long nanos) {
    tokenGapNanos.add(nanos);
  }

  /** The KV cache has this many cells. */
  void kvCells(int count) {
    kvCells = count;
  }

  /** What a step begins with. */
  void occupied(int pausedNow, int activeCells, int retainedCells) {
    if (pausedNow != paused) {
      paused = pausedNow;
    }
    // Retained prefixes may share their cells, so the sum can be too large.
    int used = (int) Math.min(kvCells, activeCells + (long) retainedCells);
    if (used != kvCellsUsed) {
      kvCellsUsed = used;
    }
    if (retainedCells != kvCellsRetained) {
      kvCellsRetained = retainedCells;
    }
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
  public void restoredTokens(int promptTokensRestored, boolean fromDisk) {
    if (fromDisk) {
      diskTokens = diskTokens + promptTokensRestored;
    } else {
      memoryTokens = memoryTokens + promptTokensRestored;
    }
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
        diskBytes,
        detail());
  }

  private EngineDetail detail() {
    return new EngineDetail(
        paused,
        kvCells,
        kvCellsUsed,
        kvCellsRetained,
        memoryTokens,
        diskTokens,
        stepNanos.snapshot(),
        tokenGapNanos.snapshot(),
        stepSequences.snapshot(),
        stepTokens.snapshot(),
        prefillTokens.snapshot(),
        List.of());
  }
}
