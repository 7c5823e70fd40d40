package io.panallama.observe;

import java.util.List;
import java.util.Objects;

/**
 * What an engine's steps were like, and what its caches and its memory hold. Immutable; thread-safe.
 *
 * @param paused number of running generations that compute nothing for now: their reader is behind, or they wait for a prefix, a
 *     logit processor or a grammar
 * @param kvCells number of cells of the KV cache
 * @param kvCellsUsed how many of them hold tokens of running generations or of retained prefixes
 * @param kvCellsRetained how many of them hold prefixes of generations that have ended
 * @param memoryTokens prompt tokens that were restored from host memory; part of {@link EngineStats#cachedPromptTokens}
 * @param diskTokens prompt tokens that were restored from files; part of {@link EngineStats#cachedPromptTokens}, too
 * @param stepNanos nanoseconds of a step
 * @param tokenGapNanos nanoseconds between two tokens of a generation
 * @param stepSequences generations that got a token in a step
 * @param stepTokens tokens of prompts and of answers that a step computed
 * @param prefillTokens prompt tokens of a step that computed some
 * @param memory what llama.cpp holds, by device; empty if it is not known
 */
public record EngineDetail(
    int paused,
    int kvCells,
    int kvCellsUsed,
    int kvCellsRetained,
    long memoryTokens,
    long diskTokens,
    Distribution stepNanos,
    Distribution tokenGapNanos,
    Distribution stepSequences,
    Distribution stepTokens,
    Distribution prefillTokens,
    List<MemoryUse> memory) {
  /** Nothing is known. */
  public static final EngineDetail NONE =
      new EngineDetail(
          0,
          0,
          0,
          0,
          0,
          0,
          Distribution.NONE,
          Distribution.NONE,
          Distribution.NONE,
          Distribution.NONE,
          Distribution.NONE,
          List.of());

  /** All components are required. */
  public EngineDetail {
    Objects.requireNonNull(stepNanos, "stepNanos");
    Objects.requireNonNull(tokenGapNanos, "tokenGapNanos");
    Objects.requireNonNull(stepSequences, "stepSequences");
    Objects.requireNonNull(stepTokens, "stepTokens");
    Objects.requireNonNull(prefillTokens, "prefillTokens");
    memory = List.copyOf(memory);
  }

  /** The same with this memory. */
  public EngineDetail withMemory(List<MemoryUse> held) {
    return new EngineDetail(
        paused,
        kvCells,
        kvCellsUsed,
        kvCellsRetained,
        memoryTokens,
        diskTokens,
        stepNanos,
        tokenGapNanos,
        stepSequences,
        stepTokens,
        prefillTokens,
        held);
  }

  /** The current values of {@code now}, and the counts of both. */
  public EngineDetail before(EngineDetail now) {
    return new EngineDetail(
        now.paused,
        now.kvCells,
        now.kvCellsUsed,
        now.kvCellsRetained,
        memoryTokens + now.memoryTokens,
        diskTokens + now.diskTokens,
        stepNanos.plus(now.stepNanos),
        tokenGapNanos.plus(now.tokenGapNanos),
        stepSequences.plus(now.stepSequences),
        stepTokens.plus(now.stepTokens),
        prefillTokens.plus(now.prefillTokens),
        now.memory);
  }
}
