package io.panallama.benchmarks;

/** Measures two sides in turns. Each goes first in every other round, because the second one finds a warmer processor. */
final class Turns {
  /** A measurement of one round. */
  interface Measurement {
    void run() throws Exception;
  }

  private Turns() {}

  static void run(int rounds, Report report, Measurement ours, Measurement theirs) throws Exception {
    for (int round = 0; round < rounds; round++) {
      if (round % 2 == 0) {
        ours.run();
        theirs.run();
      } else {
        theirs.run();
        ours.run();
      }
      report.progress("round %d of %d", round + 1, rounds);
    }
  }
}
