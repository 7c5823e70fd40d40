package io.panallama.load;

import java.util.SplittableRandom;

/**
 * The arrival times of requests in an open loop, as nanoseconds since its beginning: every {@code 1 / rate} seconds, or by a
 * Poisson process, whose gaps are exponentially distributed. The same seed gives the same arrivals.
 *
 * <p>Confined to one thread.
 */
final class Arrivals {
  private final double meanGap;
  private final boolean poisson;
  private final SplittableRandom random;
  private double next;

  /**
   * @param rate requests per second, larger than 0
   */
  Arrivals(double rate, boolean poisson, long seed) {
    this.meanGap = 1e9 / rate;
    this.poisson = poisson;
    this.random = new SplittableRandom(seed);
  }

  /** The next arrival. */
  long next() {
    long arrival = Math.round(next);
    // 1 - u is never 0, which has no logarithm.
    next += poisson ? -Math.log(1 - random.nextDouble()) * meanGap : meanGap;
    return arrival;
  }
}
