package io.panallama.cli;

import java.util.Properties;

/**
 * The platform threads that run the server's virtual threads.
 *
 * <p>On a small machine one is enough, and a second would take a processor from the threads that compute: all streams of a step are then
 * written by one thread that is woken once. Native calls that take long run on platform threads of their own, and the JDK adds
 * carriers while one waits for a file, so requests for {@code /health} are answered meanwhile.
 */
final class CarrierThreads {
  /** The JDK's property; see {@link Thread}, "Virtual threads". */
  private static final String PARALLELISM = "jdk.virtualThreadScheduler.parallelism";

  /** The largest number of processors for which one carrier is taken. */
  private static final int SMALL = 4;

  private CarrierThreads() {}

  /** Decides how many there are, unless the user did. To be called before the first virtual thread is made. */
  static void fit() {
    fit(Runtime.getRuntime().availableProcessors(), System.getProperties());
  }

  static void fit(int processors, Properties properties) {
    if (processors <= SMALL) {
      properties.putIfAbsent(PARALLELISM, "1");
    }
  }
}
