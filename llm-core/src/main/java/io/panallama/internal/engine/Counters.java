package io.panallama.internal.engine;

import io.panallama.EngineStats;

/** What the engine did so far: written by the engine thread alone, read by any. */
@SuppressWarnings("NonAtomicVolatileUpdate") // one writer
final class Counters {
  private volatile int running;
  private volatile long steps;
  private volatile long promptTokens;
  private volatile long generatedTokens;
  private volatile long preemptions;

  void running(int count) {
    if (count != running) {
      running = count;
    }
  }

  void step(int prompts, int generated) {
    steps = steps + 1;
    promptTokens = promptTokens + prompts;
    generatedTokens = generatedTokens + generated;
  }

  void preempted() {
    preemptions = preemptions + 1;
  }

  /**
   * @param inFlight running and waiting together
   */
  EngineStats snapshot(int slots, int inFlight) {
    int runningNow = running;
    int waiting = Math.max(0, inFlight - runningNow);
    return new EngineStats(runningNow, waiting, slots, steps, promptTokens, generatedTokens, preemptions);
  }
}
