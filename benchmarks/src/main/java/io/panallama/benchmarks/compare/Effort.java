package io.panallama.benchmarks.compare;

import java.util.List;

/**
 * How much is measured.
 *
 * @param engineRounds of tg128 and pp512, one repetition each
 * @param batchRounds of all numbers of streams
 * @param batchStreams how many generations run together
 * @param serverRounds of all loads on the servers
 * @param chatStreams how many clients chat at a time
 * @param requestsPerStream in a round of a chat
 * @param prompt tokens of a prompt
 * @param answer tokens of an answer
 * @param shared tokens of the system prompt that all share
 * @param sharedStreams how many clients share it
 * @param intruder tokens of the long prompt
 * @param intruded streams that run when it comes
 * @param intrudedAnswer tokens of each of their answers, so many that they outlast the long prompt
 * @param warmUpSeconds of the engine before its first round
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
  static final Effort FULL =
      new Effort(20, 6, List.of(1, 2, 4, 8, 16, 32), 5, List.of(1, 4, 8, 16), 3, 128, 128, 512, 8, 1024, 4, 512, 5);

  static final Effort QUICK = new Effort(3, 2, List.of(1, 4, 16), 3, List.of(1, 4), 4, 64, 64, 256, 4, 512, 2, 384, 2);

  Effort {
    batchStreams = List.copyOf(batchStreams);
    chatStreams = List.copyOf(chatStreams);
  }

  /** How many requests run at a time at most: the long prompt comes on top of its streams. */
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
