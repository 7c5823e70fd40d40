package io.panallama.internal.schedule;

/** What the policies of this package need to know of a sequence. Engine thread only. */
public interface Schedulable {
  /** The {@link #deadline} of a sequence without one: later than any time. */
  long NO_DEADLINE = Long.MAX_VALUE;

  /** The number of its request; a request that arrived later has a higher one. */
  long arrival();

  /** When its request was submitted, in nanoseconds of the engine's clock. */
  long submitted();

  /** Priority of its request, 0 to 9; higher first. */
  int priority();

  /** When it must end, in nanoseconds of the engine's clock; {@link #NO_DEADLINE} if it need not. */
  long deadline();

  /** Whether it was active before and was preempted. */
  boolean wasPreempted();

  /** Whether it takes no part in the next step. */
  boolean isPaused();

  /** Whether only the token sampled last is missing, so that a step of one token gives the next. */
  boolean isGenerating();

  /** Prompt and generated tokens together. */
  int length();

  /** Prompt tokens that were found in the cache and not computed again. */
  int sharedLength();

  /** Tokens that must be computed before the next one can be sampled; at least 1. */
  int missing();

  /** The most tokens of its next chunk, at most {@link #missing}. */
  int chunkLimit();

  /** The number of its last turn among the prompts; 0 before the first. */
  long lastTurn();

  /** Records that it has the turn of that number. */
  void turnTaken(long number);
}
