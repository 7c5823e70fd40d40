package io.panallama.server.leak;

/**
 * How a leak is told from noise.
 *
 * @param warmUpRequests the first requests, which fill pools and caches and don't count
 * @param windowRequests a window has at least this many requests; of what was measured in it, the least counts, because load only
 *     adds to it
 * @param windowSamples a window has at least this many measurements
 * @param leastWindows how many windows there must be before anything is decided
 * @param mostWindows how many windows are looked at, the latest ones
 * @param agreement how clearly the windows must rise, as {@link TheilSen#agreement}
 */
public record LeakSettings(
    long warmUpRequests, long windowRequests, int windowSamples, int leastWindows, int mostWindows, double agreement) {
  /** The values of a server that measures every five seconds. */
  public static final LeakSettings DEFAULTS = new LeakSettings(1000, 250, 6, 12, 60, 0.7);

  /** Checks that something can be decided. */
  public LeakSettings {
    if (windowRequests < 1 || windowSamples < 1 || leastWindows < 3 || mostWindows < leastWindows) {
      throw new IllegalArgumentException("windows need requests and measurements, and there must be three at least");
    }
  }
}
