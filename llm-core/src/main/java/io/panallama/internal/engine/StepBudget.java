package io.panallama.internal.engine;

import java.util.Arrays;

/**
 * How many prompt tokens a step may take while others generate, so that their inter-token latency (ITL) holds.
 *
 * <p>Learns from measured steps: how long one without prompts takes for so many generating sequences, and what a prompt
 * token adds. A step may then take {@link #SLOWDOWN} times as long as it would without prompts, but no longer than the
 * target; {@link #LEAST_SLOWDOWN} times in any case, so that a prompt goes on where the target can't be met; and below {@link
 * #UNNOTICED} nothing is held back. Pure: times come from the caller.
 */
final class StepBudget {
  /** How much longer a step may get by the prompts of others. */
  static final double SLOWDOWN = 1.5;

  /** How much longer it may get even if that is beyond the target. */
  static final double LEAST_SLOWDOWN = 1.25;

  /** Nanoseconds between two tokens that no reader notices: 100 tokens per second. */
  static final double UNNOTICED = 10e6;

  /** A prompt goes on at least this fast. On a CPU a token deep in a long prompt can take as long as several others. */
  static final int SMALLEST = 2;

  /** Weight of a new measurement; follows a change within some ten steps. */
  private static final double WEIGHT = 0.2;

  /** What prompts take of a step at least, however noisy the measurement. */
  private static final double LEAST_SHARE = 0.01;

  private static final double UNKNOWN = -1;

  private final int batchSize;
  private final double target;

  /** Smoothed nanoseconds of steps without prompts, by the number of generating sequences. */
  private final double[] quiet;

  /** Smoothed nanoseconds that a prompt token adds to a step of generating sequences. */
  private double perAddedToken = UNKNOWN;

  /** Smoothed nanoseconds of a prompt token in a step of prompts alone, where it is cheaper. */
  private double perToken = UNKNOWN;

  /**
   * @param batchSize the most tokens of a step
   * @param slots the most sequences of a step
   * @param targetNanos the ITL target; 0 for none
   */
  StepBudget(int batchSize, int slots, long targetNanos) {
    this.batchSize = batchSize;
    this.target = targetNanos;
    this.quiet = new double[slots + 1];
    Arrays.fill(quiet, UNKNOWN);
  }

  /**
   * The most prompt tokens of the next step.
   *
   * @param generating sequences that get a token in it
   * @param prefilling sequences that want prompt tokens in it
   */
  int promptTokens(int generating, int prefilling) {
    int room = batchSize - generating;
    if (target == 0 || generating == 0) {
      return room;
    }
    // A turn for each within two steps, however many there are.
    int least = Math.max(SMALLEST, (prefilling + 1) / 2);
    double cost = perAddedToken == UNKNOWN ? perToken : perAddedToken;
    if (cost == UNKNOWN) {
      return Math.min(room, least);
    }
    double base = quiet(generating);
    double affordable = base == UNKNOWN ? target / cost : (limit(base) - base) / cost;
    return (int) Math.min(room, Math.max(least, affordable));
  }

  /** How long a step may take that would take {@code base} without prompts. */
  private double limit(double base) {
    double wanted = Math.min(target, Math.max(UNNOTICED, SLOWDOWN * base));
    return Math.max(wanted, LEAST_SLOWDOWN * base);
  }

  /** Nanoseconds that {@code tokens} prompt tokens take at the measured rate; 0 as long as nothing was measured. */
  double promptNanos(int tokens) {
    return perToken == UNKNOWN ? 0 : tokens * perToken;
  }

  /** Learns from a step that was computed. */
  void measured(int generating, int promptTokens, long nanos) {
    if (promptTokens == 0) {
      quiet[generating] = smooth(quiet[generating], nanos);
    } else if (generating == 0) {
      perToken = smooth(perToken, (double) nanos / promptTokens);
    } else {
      double added = nanos - Math.max(0, quiet(generating));
      perAddedToken = smooth(perAddedToken, Math.max(added, LEAST_SHARE * nanos) / promptTokens);
    }
  }

  /** Of so many sequences, or else of the next smaller number that was seen. */
  private double quiet(int generating) {
    for (int count = generating; count > 0; count--) {
      if (quiet[count] != UNKNOWN) {
        return quiet[count];
      }
    }
    return UNKNOWN;
  }

  private static double smooth(double before, double measured) {
    return before == UNKNOWN ? measured : before + (measured - before) * WEIGHT;
  }
}
