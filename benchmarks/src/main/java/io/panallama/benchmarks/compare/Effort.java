package io.panallama.benchmarks.compare;

import java.util.List;

/**
 * The amount of measuring. A section needs {@link Measure#FEWEST_ROUNDS} rounds for a verdict. Immutable.
 *
 * @param engineRounds rounds of tg128 and pp512, one repetition each
 * @param batchRounds rounds of every number of streams
 * @param batchStreams the numbers of generations that run together
 * @param serverRounds rounds of every load on the servers
 * @param chatStreams the numbers of clients that chat at a time
 * @param requestsPerStream requests of a client in a round
 * @param prompt tokens of a prompt
 * @param answer tokens of an answer
 * @param shared tokens of the shared system prompt
 * @param sharedStreams the number of clients that share it
 * @param intruder tokens of the long prompt
 * @param intruded streams that run when the long prompt arrives
 * @param intrudedAnswer tokens of each of their answers, enough to outlast the long prompt
 * @param warmUpSeconds seconds that the engine runs before its first round
 */
record Effort(
    int engineRounds,
    int batchRounds,
    List<Integer> batchStreams,
    int serverRounds,
    List<Integer> chatStreams,
    int requestsPerStream,
    int prompt,
    int answer,
    int shared,
    int sharedStreams,
    int intruder,
    int intruded,
    int intrudedAnswer,
    int warmUpSeconds) {
  /** Enough rounds for a verdict in every section. */
  static final Effort FULL =
      new Effort(20, 6, List.of(1, 2, 4, 8, 16, 32), 5, List.of(1, 4, 8, 16), 3, 128, 128, 512, 8, 1024, 4, 512, 5);

  /** Shows that everything works; has too few rounds for a verdict. */
  static final Effort QUICK = new Effort(3, 2, List.of(1, 4, 16), 3, List.of(1, 4), 4, 64, 64, 256, 4, 512, 2, 384, 2);

  Effort {
    batchStreams = List.copyOf(batchStreams);
    chatStreams = List.copyOf(chatStreams);
  }

  /** The most requests that run at a time; the long prompt runs in addition to its streams. */
  int mostServerStreams() {
    int chats = chatStreams.stream().mapToInt(Integer::intValue).max().orElse(0);
    return Math.max(chats, Math.max(sharedStreams, intruded + 1));
  }

  Effort withRounds(int engine, int batch, int server) {
    return new Effort(
        engine,
        batch,
        batchStreams,
        server,
        chatStreams,
        requestsPerStream,
        prompt,
        answer,
        shared,
        sharedStreams,
        intruder,
        intruded,
        intrudedAnswer,
        warmUpSeconds);
  }
}
