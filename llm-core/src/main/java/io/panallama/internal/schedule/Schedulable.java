package io.panallama.internal.schedule;

import org.jspecify.annotations.Nullable;

/** The scheduling policies' view of a sequence. Engine thread only. */
public interface Schedulable {
  /** The {@link #stalledSince} of a sequence whose reader keeps up: later than any time. */
  long NOT_STALLED = Long.MAX_VALUE;

  /** The {@link #deadline} of a sequence without one: later than any time. */
  long NO_DEADLINE = Long.MAX_VALUE;

  /** The number of its request; a request that arrived later has a higher one. */
  long arrival();

  /** When its request was submitted, in nanoseconds of the engine's clock. */
  long submitted();

  /** Priority of its request, 0 to 9; higher first. */
  int priority();

  /** The time by which it must end, in nanoseconds of the engine's clock; {@link #NO_DEADLINE} if there is none. */
  long deadline();

  /** Whether it was active before and was preempted. */
  boolean wasPreempted();

  /** Whether it takes no part in the next step. */
  boolean isPaused();

  /**
   * Since when its mailbox has been full, in nanoseconds of the engine's clock; {@link #NOT_STALLED} while its reader
   * keeps up.
   */
  long stalledSince();

  /** Whether only its last sampled token is missing, so that a step of one token produces the next. */
  boolean isGenerating();

  /** Number of prompt and generated tokens together. */
  int length();

  /** Number of prompt tokens that were found in the cache and not computed again. */
  int sharedLength();

  /** Number of tokens that must be computed before the next one can be sampled; at least 1. */
  int missing();

  /** The maximum number of tokens of its next chunk, at most {@link #missing}. */
  int chunkLimit();

  /** How many of its next {@code count} tokens need an output for the log-probabilities of the prompt; usually none. */
  default int scoredAmong(int count) {
    return 0;
  }

  /** What its tenant has got; null while it is not known. */
  default @Nullable TenantShare share() {
    return null;
  }

  /** The number of its last turn among the prompts; 0 before the first. */
  long lastTurn();

  /** Records that it takes the turn with this number. */
  void turnTaken(long number);
}
