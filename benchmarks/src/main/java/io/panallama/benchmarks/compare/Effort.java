package io.panallama.benchmarks.compare;

import java.util.List;

/**
 * The amount of measuring. A section needs {@link Measure#FEWEST_ROUNDS} rounds for a verdict. Immutable.
 *
 * @param engineRounds rounds of tg128 and pp512, one repetition each
 * @param batchRounds rounds of every number of streams
 * @param batchStreams the numbers of generations that run together
 * @param serverRounds rounds of every load on the servers
 * @param warmUpSeconds seconds that the engine runs before its first round
 * @param loads the loads on the servers
 */
record Effort(
    int engineRounds, int batchRounds, List<Integer> batchStreams, int serverRounds, int warmUpSeconds, Loads loads) {
  /** Enough rounds for a verdict in every section. */
  static final Effort FULL = new Effort(20, 6, List.of(1, 2, 4, 8, 16, 32), 5, 5, Loads.FULL);

  /** Shows that everything works; has too few rounds for a verdict. */
  static final Effort QUICK = new Effort(3, 2, List.of(1, 4, 16), 3, 2, Loads.QUICK);

  Effort {
    batchStreams = List.copyOf(batchStreams);
  }

  Effort withRounds(int rounds) {
    return new Effort(rounds, rounds, batchStreams, rounds, warmUpSeconds, loads);
  }

  Effort withLoads(Loads newLoads) {
    return new Effort(engineRounds, batchRounds, batchStreams, serverRounds, warmUpSeconds, newLoads);
  }
}
