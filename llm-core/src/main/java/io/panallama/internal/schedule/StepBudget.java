package io.panallama.internal.schedule;

import java.util.Arrays;

/**
 * How many prompt tokens a step may take, for two targets: one for the time between the tokens of a running generation
 * (inter-token latency, ITL) and one for the time to the first token of a prompt (TTFT).
 *
 * <p>A step computes one token of each running generation, which takes the baseline, and then prompts. The prompts have
 * to be computed in any case. To cut them into more steps makes every waiting prompt later by a baseline per step; not
 * to cut them makes every running generation wait for what the step exceeds the ITL target. So short prompts, up to
 * {@link #SHORT} of compute, are cut to fit the ITL target, unless the next one would then need too much of the TTFT
 * target: it may have steps of up to {@link #BOUND} ITL targets. Where even the baseline misses the target, to cut prompts helps
 * nobody, so a step may take that many baselines.
 *
 * <p>Long prompts slow the running generations down for as long as they last. So they get {@link #LONG_SHARE} of the
 * time: after a chunk of a long prompt, steps without one follow until the running generations had their part. Steps of
 * up to {@link #UNNOTICED} are not limited.
 *
 * <p>The times come from measured calls, as medians with bounds, so that a disturbed machine does not mislead. Pure
 * policy: times come from the caller.
 */
public final class StepBudget {
  /** The most nanoseconds that a short prompt takes when it is computed alone. */
  public static final double SHORT = 1e9;

  /** The most tokens of a short prompt: even on a fast machine, chats must not queue behind long prompts. */
  public static final int MOST_SHORT = 2048;

  /** How many ITL targets, or baselines where they are longer, a step may take for a prompt that is in a hurry. */
  public static final double BOUND = 3;

  /**
   * The part of the TTFT target that a prompt may need by itself before it is in a hurry. The rest is for waiting, and for
   * steps that take longer.
   */
  public static final double EXPECTED = 0.4;

  /** A prompt starves, and is in a hurry in any case, when it has waited for this many TTFT targets. */
  public static final double STARVING = 4;

  /**
   * How many times longer than it is computed a short prompt may wait for those that came later. So the shortest come
   * first, which makes the mean waiting time least, and none is overtaken for ever. Due dates by total work content
   * (Conway, Maxwell and Miller, "Theory of Scheduling", 1967).
   */
  public static final double PATIENCE = 2;

  /**
   * How many ITL targets, or baselines where they are longer, running generations may wait for the short prompts of a
   * moment: with the default of 50 ms for 0.1 s, below which no delay is noticed (Miller, "Response time in
   * man-computer conversational transactions", 1968).
   */
  public static final double GRACE = 2;

  /** The part of the time that long prompts get beside running generations. */
  public static final double LONG_SHARE = 0.6;

  /** Nanoseconds between two tokens that no reader notices: 100 tokens per second. Shorter steps are not limited. */
  public static final double UNNOTICED = 10e6;

  /** The smallest chunk of a prompt beside running generations: smaller ones cost several times as much per token. */
  public static final int SMALLEST = 16;

  /** Number of steps of as many generations that count for the baseline. */
  private static final int REMEMBERED = 5;

  private final int batchSize;
  private final double itlTarget;
  private final double ttftTarget;

  /** The time of the running generations' part of a step, indexed by their number. */
  private final RecentMedian[] baselines;

  private final PromptCost cost = new PromptCost();

  /** Nanoseconds that the running generations must get before the next chunk of a long prompt. */
  private double owed;

  /**
   * @param batchSize the maximum number of tokens of a call
   * @param slots the maximum number of sequences of a step
   * @param itlTarget nanoseconds between two tokens of a running generation; 0 for no target
   * @param ttftTarget nanoseconds from the submission of a request to its first token
   */
  public StepBudget(int batchSize, int slots, long itlTarget, long ttftTarget) {
    this.batchSize = batchSize;
    this.itlTarget = itlTarget;
    this.ttftTarget = ttftTarget;
    this.baselines = new RecentMedian[slots + 1];
    Arrays.setAll(baselines, count -> new RecentMedian(REMEMBERED));
  }

  /**
   * Returns the maximum number of tokens of short prompts in the next step.
   *
   * @param generating number of sequences that get a token in it
   * @param hurried whether the next prompt {@link #isHurried}
   */
  int shortPromptTokens(int generating, boolean hurried) {
    if (isUnlimited(generating)) {
      return batchSize;
    }
    double base = baseline(generating);
    return tokens(hurried ? BOUND * Math.max(itlTarget, base) - base : paced(base));
  }

  /**
   * Whether the running generations wait until all short prompts are computed.
   *
   * @param generating number of running generations
   * @param hurried whether the next prompt {@link #isHurried}
   * @param waited nanoseconds since the last step with the running generations began
   * @param promptNanos nanoseconds that all short prompts take
   */
  boolean promptsFirst(int generating, boolean hurried, double waited, double promptNanos) {
    if (promptNanos == 0 || isUnlimited(generating) || baseline(generating) == 0) {
      return false;
    }
    return waited + promptNanos <= (hurried ? BOUND : GRACE) * Math.max(itlTarget, baseline(generating));
  }

  /**
   * Whether a prompt alone would need more than its part of the TTFT target if steps kept the ITL target, or starves. Time
   * that it has waited does not count before that: many prompts at once would all be in a hurry, and longer steps would
   * only make them wait for each other.
   *
   * @param generating number of running generations
   * @param tokens number of all its tokens that had to be computed
   * @param waited nanoseconds since its request was submitted
   */
  boolean isHurried(int generating, int tokens, double waited) {
    double base = baseline(generating);
    double most = paced(base);
    double slowed = generating == 0 ? 1 : (base + most) / most;
    return promptNanos(tokens) * slowed > EXPECTED * ttftTarget || waited > STARVING * ttftTarget;
  }

  /**
   * The time by which a short prompt is due, in nanoseconds of the engine's clock: the one that is due first comes first.
   *
   * @param submitted when its request was submitted
   * @param tokens number of all its tokens that had to be computed
   */
  double due(long submitted, int tokens) {
    return submitted + PATIENCE * promptNanos(tokens);
  }

  /**
   * Whether a prompt joins others in a call, rather than being computed by the next one. It gains what the calls take
   * less together; all others have to wait for it. A size of call that was never measured is tried.
   *
   * @param prompts number of prompts in the call
   * @param tokens number of their tokens
   * @param more number of tokens of the further prompt
   */
  boolean sharesCall(int prompts, int tokens, int more) {
    if (!cost.isMeasured(tokens + more)) {
      return true;
    }
    double together = cost.nanos(tokens + more);
    double alone = cost.nanos(tokens);
    return prompts * (together - alone) < alone + cost.nanos(more) - together;
  }

  /**
   * Returns the maximum number of tokens of long prompts in the next step; 0 while the running generations are owed
   * time.
   *
   * @param generating number of sequences that get a token in it
   */
  int longPromptTokens(int generating) {
    if (isUnlimited(generating)) {
      return batchSize;
    }
    double base = baseline(generating);
    return owed > base ? 0 : tokens(paced(base));
  }

  private boolean isUnlimited(int generating) {
    return itlTarget == 0 || generating == 0;
  }

  /**
   * Nanoseconds for prompts beside running generations whose part takes {@code base}: what is left of the ITL target, but
   * always as long as the running generations take.
   */
  private double paced(double base) {
    return Math.max(itlTarget - base, Math.max(base, UNNOTICED - base));
  }

  private int tokens(double nanos) {
    int least = Math.min(SMALLEST, batchSize);
    return cost.isKnown() ? Math.max(least, cost.within(nanos, batchSize)) : least;
  }

  /** Whether a prompt of this many tokens is short. */
  boolean isShort(int tokens) {
    return tokens <= MOST_SHORT && cost.nanos(tokens) <= SHORT;
  }

  /** The time that {@code tokens} prompt tokens take; 0 until something was measured. */
  double promptNanos(int tokens) {
    return cost.nanos(Math.min(tokens, batchSize)) / Math.max(1, Math.min(tokens, batchSize)) * tokens;
  }

  /** Learns from the running generations' part of a step. */
  public void generated(int generating, long nanos) {
    baselines[generating].add(nanos);
    owed = Math.max(0, owed - nanos);
  }

  /**
   * Learns from a call that computed prompts.
   *
   * @param generating number of running generations beside it
   * @param longTokens number of its tokens that belong to long prompts
   */
  public void prefilled(int generating, int tokens, int longTokens, long nanos) {
    cost.measured(tokens, nanos);
    double expected = Math.min(nanos, cost.nanos(tokens));
    if (longTokens > 0 && !isUnlimited(generating) && baseline(generating) + expected > UNNOTICED) {
      owed = expected * longTokens / tokens * (1 - LONG_SHARE) / LONG_SHARE;
    }
  }

  /** The baseline for this number of sequences, or for the nearest number that was measured; 0 if there is none. */
  private double baseline(int generating) {
    for (int count = generating; count > 0; count--) {
      if (baselines[count].isKnown()) {
        return baselines[count].value();
      }
    }
    for (int count = generating + 1; count < baselines.length; count++) {
      if (baselines[count].isKnown()) {
        return baselines[count].value();
      }
    }
    return 0;
  }
}
