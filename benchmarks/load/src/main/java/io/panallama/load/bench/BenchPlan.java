package io.panallama.load.bench;

import java.time.Duration;
import java.util.Objects;

/**
 * The repetitions of every test. Immutable.
 *
 * @param repetitions measured repetitions, 1 to {@link #MOST_REPETITIONS}
 * @param warmUp how long the test runs before them, at least once; zero for no warm-up
 * @param delay the pause before each test, so that the machine can cool down
 */
public record BenchPlan(int repetitions, Duration warmUp, Duration delay) {
  /** The most {@link #repetitions}. */
  public static final int MOST_REPETITIONS = 10_000;

  /** The longest {@link #warmUp} and {@link #delay}. */
  public static final Duration LONGEST_PAUSE = Duration.ofHours(1);

  /**
   * @throws BenchException if a value is out of its range
   */
  public BenchPlan {
    Objects.requireNonNull(warmUp, "warmUp");
    Objects.requireNonNull(delay, "delay");
    if (repetitions < 1 || repetitions > MOST_REPETITIONS) {
      throw new BenchException(
          "The number of repetitions is " + repetitions + "; it must be 1 to " + MOST_REPETITIONS + ".");
    }
    check("The warm-up", warmUp);
    check("The delay", delay);
  }

  private static void check(String what, Duration value) {
    if (value.isNegative() || value.compareTo(LONGEST_PAUSE) > 0) {
      throw new BenchException(
          what + " is " + value.toSeconds() + " s; it must be 0 to " + LONGEST_PAUSE.toSeconds() + " s.");
    }
  }
}
