package io.panallama.sampling;

import io.panallama.error.Checks;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A {@link LogitProcessor} and what it is allowed.
 *
 * <p>A processor that throws, forbids every candidate or takes longer than its time ends its generation with {@link
 * GenerationException.Reason#PROCESSOR_FAILED} and no other. The thread of one that is late is interrupted; Java can't end
 * one that does not listen, which then keeps its processor busy.
 *
 * <p>After a step the engine waits half a millisecond at most for the processors of that step together. A generation whose
 * processor has not answered by then sits out until it has, and the others go on without it.
 *
 * @param processors gives the processor of each generation, also of each of several from one request ({@link
 *     io.panallama.Generator#generateAll Generator.generateAll}), on the thread that starts it. Generations that get the same one call it from a thread each, at
 *     the same time: only one that keeps no state, or guards it, may be given to several
 * @param timeLimit the longest time for one token, larger than 0 and at most {@link #MAX_TIME_LIMIT}. It is looked at
 *     between steps
 * @param maxCandidates how many candidates it sees at most, 1 to {@link #MAX_CANDIDATES}: the likeliest of what the chain
 *     left. No others can be chosen
 */
public record LogitProcessing(Supplier<? extends LogitProcessor> processors, Duration timeLimit, int maxCandidates) {
  /** The longest time limit. */
  public static final Duration MAX_TIME_LIMIT = Duration.ofMinutes(1);

  /** The most candidates. */
  public static final int MAX_CANDIDATES = 1024;

  private static final Duration DEFAULT_TIME_LIMIT = Duration.ofMillis(100);
  private static final int DEFAULT_CANDIDATES = 64;

  /**
   * @throws InvalidRequestException if a value is out of its range
   */
  public LogitProcessing {
    Objects.requireNonNull(processors, "processors");
    if (timeLimit.isNegative() || timeLimit.isZero() || timeLimit.compareTo(MAX_TIME_LIMIT) > 0) {
      throw new InvalidRequestException(
          "processor.time_limit",
          "processor.time_limit is " + timeLimit + "; it must be larger than 0 and at most " + MAX_TIME_LIMIT + ".");
    }
    Checks.inRange("processor.max_candidates", maxCandidates, 1, MAX_CANDIDATES);
  }

  /** A tenth of a second and 64 candidates. */
  public static LogitProcessing of(Supplier<? extends LogitProcessor> processors) {
    return new LogitProcessing(processors, DEFAULT_TIME_LIMIT, DEFAULT_CANDIDATES);
  }
}
