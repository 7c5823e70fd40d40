package io.panallama.testkit;

import java.time.Duration;

/**
 * How long a fuzzer runs. Without parameters a run is short and always the same. {@code -Dpanallama.fuzz.seconds=600}
 * or {@code -Dpanallama.fuzz.inputs=50000} makes it longer, {@code -Dpanallama.fuzz.seed=7} another one.
 */
public final class Fuzzing {
  private Fuzzing() {}

  /** The seed of this run. */
  public static long seed() {
    return Long.getLong("panallama.fuzz.seed", 1);
  }

  /** Whether another input fits: {@code few} of them, or as many as the time allows that was asked for. */
  public static boolean goesOn(int done, int few, long beganNanos) {
    long seconds = Long.getLong("panallama.fuzz.seconds", 0);
    return seconds == 0
        ? done < Long.getLong("panallama.fuzz.inputs", few)
        : System.nanoTime() - beganNanos < Duration.ofSeconds(seconds).toNanos();
  }
}
