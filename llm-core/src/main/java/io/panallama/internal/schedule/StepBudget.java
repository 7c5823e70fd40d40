package io.panallama.internal.schedule;

import java.util.Arrays;

/**
 * How many prompt tokens a step may take without breaking the inter-token latency (ITL) of generating sequences.
 *
 * <p>The budget learns from measured steps: the baseline, which is the time of a step without prompt tokens for each
 * number of generating sequences, and the time that a prompt token adds. Short prompts, up to {@link #SHORT} of
 * compute, may stretch a step to the target: the generating sequences slow down briefly, and the new request waits no
 * longer than necessary. Long prompts would slow them down for as long as they last, so a step with long prompts may
 * take {@link #SLOWDOWN} times its baseline, but no longer than the target. In any case it may take
 * {@link #LEAST_SLOWDOWN} times its baseline, so that a prompt progresses even where the target can't be met; and up to
 * {@link #UNNOTICED} there is no limit. Baseline and cost change while a prompt is computed, because the sequences
 * grow. One step in {@link #PROBE_INTERVAL} therefore leaves the prompts out and measures the baseline again. Pure
 * policy: times come from the caller.
 */
public final class StepBudget {
  /** The most nanoseconds that a short prompt takes when it is computed alone. */
  public static final double SHORT = 1e9;

  /** The most tokens of a short prompt: even on a fast machine, chats must not queue behind long prompts. */
  public static final int MOST_SHORT = 2048;

  /**
   * Short prompts may stretch a step to this many baselines even beyond the target, so that they get half of the step.
   */
  public static final double SHORT_SLOWDOWN = 2;

  /** How many generating sequences a short prompt may delay by one target. */
  public static final double SHORT_WEIGHT = 2;

  /** Long prompts may stretch a step to this many baselines. */
  public static final double SLOWDOWN = 1.5;

  /** Long prompts may stretch a step to this many baselines even beyond the target. */
  public static final double LEAST_SLOWDOWN = 1.25;

  /** Nanoseconds between two tokens that no reader notices: 100 tokens per second. Shorter steps are not limited. */
  public static final double UNNOTICED = 10e6;

  /** The smallest chunk. On a CPU, a token deep in a long prompt can take as long as several early ones. */
  public static final int SMALLEST = 1;

  /** The chunk shrinks when less than this fraction of it fits into the limit. */
  private static final double SHRINK = 0.85;

  /** The chunk grows, by at least one token, when this many times its size fits into the limit. */
  private static final double GROW = 1.2;

  /**
   * Number of steps with prompts between two without. Not smaller, because each probe breaks the even spacing of
   * {@link #chunk(int)}.
   */
  public static final int PROBE_INTERVAL = 64;

  /** Number of steps without prompts that count for the baseline; their median ignores one that the machine delayed. */
  private static final int REMEMBERED = 3;

  /** The weight of a new measurement; it follows a change within about ten steps. */
  private static final double WEIGHT = 0.2;

  /**
   * The weight of a new measurement that is higher than expected: too few prompt tokens are better than too long a
   * step.
   */
  private static final double DEARER_WEIGHT = 0.5;

  /** The least share of a step that is attributed to its prompts, however noisy the measurement. */
  private static final double LEAST_SHARE = 0.01;

  private static final double UNKNOWN = -1;

  private final int batchSize;
  private final double target;

  /** Baseline step time without prompt tokens, indexed by the number of generating sequences. */
  private final Baseline[] baselines;

  /** Smoothed nanoseconds that a prompt token adds to a step of generating sequences. */
  private double perAddedToken = UNKNOWN;

  /** The cost of a prompt token in a step of prompts alone, where it is cheaper. */
  private final Rate alone = new Rate();

  /** The cost that a prompt token adds to a step that was filled up with short prompts. */
  private final Rate addedByShort = new Rate();

  /** Number of prompt tokens of a step; kept as long as it is about right. */
  private int chunk = SMALLEST;

  /**
   * @param batchSize the maximum number of tokens of a step
   * @param slots the maximum number of sequences of a step
   * @param targetNanos the ITL target; 0 for none
   */
  public StepBudget(int batchSize, int slots, long targetNanos) {
    this.batchSize = batchSize;
    this.target = targetNanos;
    this.baselines = new Baseline[slots + 1];
    Arrays.setAll(baselines, count -> new Baseline());
  }

  /**
   * Returns the maximum number of prompt tokens of the next step; 0 if it is to measure the baseline.
   *
   * @param generating number of sequences that get a token in it
   * @param prefilling number of sequences that want prompt tokens in it
   */
  int promptTokens(int generating, int prefilling) {
    int room = batchSize - generating;
    if (target == 0 || generating == 0) {
      return room;
    }
    // Each prompt gets a turn within two steps, however many there are.
    int least = Math.max(SMALLEST, (prefilling + 1) / 2);
    int tokens = Math.min(room, Math.max(least, chunk(generating)));
    // A step without prompts does not break that promise, as long as each prompt has a turn in every step with prompts.
    if (baselines[generating].isOld() && (prefilling == 1 || tokens / Scheduler.SPREAD >= prefilling)) {
      return 0;
    }
    return tokens;
  }

  /**
   * Returns the maximum number of prompt tokens of the next step if all beyond {@link #promptTokens} belong to short
   * prompts. Not for a step that is to measure the baseline.
   *
   * <p>Each short prompt may delay {@link #SHORT_WEIGHT} generating sequences by one target. So a step may last longer
   * when many prompts wait and few sequences generate: requests that arrive together need not wait until the first of
   * them is answered.
   *
   * @param prompts number of short prompts
   */
  int shortPromptTokens(int generating, int prompts) {
    int room = batchSize - generating;
    if (target == 0 || generating == 0) {
      return room;
    }
    double cost = addedByShort.isKnown() ? addedByShort.nanos() : alone.nanos();
    double base = Math.max(0, baseline(generating));
    double limit = Math.max(target, SHORT_SLOWDOWN * base) * Math.max(1, SHORT_WEIGHT * prompts / generating);
    double affordable = (limit - base) / cost;
    return cost == UNKNOWN ? 0 : (int) Math.min(room, affordable);
  }

  /** Whether a prompt of this many tokens is short; none is before the first measurement. */
  boolean isShort(int tokens) {
    return alone.isKnown() && tokens <= MOST_SHORT && tokens * alone.nanos() <= SHORT;
  }

  /**
   * The number of prompt tokens of a step. It changes rarely, because a change is expensive: the tokens of a step get
   * adjacent cells of the KV cache, and a processor reads a sequence fast if its cells are evenly spaced. With chunks
   * of 1 or 2 tokens at random, a step of four sequences took twice as long as with any constant number (125M model,
   * 1,000 tokens each, llama.cpp v0.5.0 on Zen 4: 49 and 28 ms).
   */
  private int chunk(int generating) {
    double affordable = affordable(generating);
    int larger = (int) Math.max(chunk + 1, GROW * chunk);
    if (affordable < SHRINK * chunk) {
      chunk = (int) Math.max(SMALLEST, affordable);
    } else if (affordable >= larger) {
      // The chunk does not grow at once to the limit: where a token adds little compared with the noise of a step, the
      // measured cost may be far too low.
      chunk = larger;
    }
    return chunk;
  }

  private double affordable(int generating) {
    double cost = perAddedToken == UNKNOWN ? alone.nanos() : perAddedToken;
    if (cost == UNKNOWN) {
      return 0;
    }
    double base = baseline(generating);
    return (base == UNKNOWN ? target : limit(base) - base) / cost;
  }

  /** The maximum duration of a step that would take {@code base} without prompts. */
  private double limit(double base) {
    double wanted = Math.min(target, Math.max(UNNOTICED, SLOWDOWN * base));
    return Math.max(wanted, LEAST_SLOWDOWN * base);
  }

  /** Nanoseconds that {@code tokens} prompt tokens take at the measured rate; 0 until something was measured. */
  double promptNanos(int tokens) {
    return alone.isKnown() ? tokens * alone.nanos() : 0;
  }

  /**
   * Learns from a step that was computed.
   *
   * @param filledUp whether short prompts brought it above {@link #promptTokens}
   */
  public void measured(int generating, int promptTokens, boolean filledUp, long nanos) {
    if (promptTokens == 0) {
      baselines[generating].measured(nanos);
    } else if (generating == 0) {
      alone.measured(promptTokens, nanos);
    } else {
      baselines[generating].grewOlder();
      double added = Math.max(nanos - Math.max(0, baseline(generating)), LEAST_SHARE * nanos);
      if (filledUp) {
        addedByShort.measured(promptTokens, added);
      } else {
        double cost = added / promptTokens;
        perAddedToken = smooth(perAddedToken, cost, cost > perAddedToken ? DEARER_WEIGHT : WEIGHT);
      }
    }
  }

  /** The baseline for this number of sequences, or for the next smaller number that was measured. */
  private double baseline(int generating) {
    for (int count = generating; count > 0; count--) {
      double nanos = baselines[count].nanos();
      if (nanos != UNKNOWN) {
        return nanos;
      }
    }
    return UNKNOWN;
  }

  private static double smooth(double before, double measured, double weight) {
    return before == UNKNOWN ? measured : before + (measured - before) * weight;
  }

  /**
   * Nanoseconds per token over recent steps. Steps with many tokens weigh more: in small ones each token costs more.
   */
  private static final class Rate {
    private double tokens;
    private double nanos;

    void measured(int newTokens, double newNanos) {
      tokens = (1 - WEIGHT) * tokens + newTokens;
      nanos = (1 - WEIGHT) * nanos + newNanos;
    }

    boolean isKnown() {
      return tokens > 0;
    }

    double nanos() {
      return isKnown() ? nanos / tokens : UNKNOWN;
    }
  }

  /** The last steps without prompts. */
  private static final class Baseline {
    private final long[] steps = new long[REMEMBERED];
    private final long[] sorted = new long[REMEMBERED];
    private int known;
    private int next;
    private int promptSteps = PROBE_INTERVAL;

    void measured(long nanos) {
      steps[next] = nanos;
      next = (next + 1) % REMEMBERED;
      known = Math.min(known + 1, REMEMBERED);
      promptSteps = 0;
    }

    void grewOlder() {
      promptSteps++;
    }

    boolean isOld() {
      return promptSteps >= PROBE_INTERVAL;
    }

    /** The median. */
    double nanos() {
      if (known == 0) {
        return UNKNOWN;
      }
      System.arraycopy(steps, 0, sorted, 0, known);
      Arrays.sort(sorted, 0, known);
      return sorted[known / 2];
    }
  }
}
