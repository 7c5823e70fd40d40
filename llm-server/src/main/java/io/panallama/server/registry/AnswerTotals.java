package io.panallama.server.registry;

import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import java.time.Duration;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/** Sums over all answers that a server has given. Safe for use by several threads; a reader may see an answer half counted. */
public final class AnswerTotals {
  private final LongAdder promptTokens = new LongAdder();
  private final LongAdder promptNanos = new LongAdder();
  private final LongAdder decodedTokens = new LongAdder();
  private final LongAdder decodeNanos = new LongAdder();
  private final LongAccumulator longest = new LongAccumulator(Math::max, 0);

  AnswerTotals() {}

  /** Counts an answer that has ended. */
  public void add(Usage usage, Timings timings) {
    if (!timings.prefill().isZero()) {
      promptTokens.add(usage.promptTokens() - usage.cachedTokens());
    }
    promptNanos.add(timings.prefill().toNanos());
    // The first token comes out of the prefill.
    decodedTokens.add(Math.max(0, usage.completionTokens() - 1));
    decodeNanos.add(timings.decode().toNanos());
    longest.accumulate(usage.totalTokens());
  }

  /** The time that prompts took, added up over answers that were computed at the same time. */
  public Duration promptTime() {
    return Duration.ofNanos(promptNanos.sum());
  }

  /** The time from first to last tokens, added up likewise. */
  public Duration decodeTime() {
    return Duration.ofNanos(decodeNanos.sum());
  }

  /** Computed prompt tokens per second of {@link #promptTime}; 0 before the first answer. */
  public double promptRate() {
    return rate(promptTokens.sum(), promptNanos.sum());
  }

  /** Generated tokens per second of {@link #decodeTime}; 0 before the first answer. */
  public double decodeRate() {
    return rate(decodedTokens.sum(), decodeNanos.sum());
  }

  /** The most tokens of a prompt and its answer together. */
  public long longest() {
    return longest.get();
  }

  private static double rate(long tokens, long nanos) {
    return nanos == 0 ? 0 : tokens * 1e9 / nanos;
  }
}
