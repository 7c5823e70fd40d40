package io.panallama;

import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * Measures what isolation adds to the time to first token: an engine in this process and one in its own answer single requests
 * in turns. Run by hand: {@code java ... io.panallama.IsolationPairs [PAIRS] [ROUNDS]}.
 *
 * <p>It prints medians in milliseconds, for callers on virtual and on platform threads, for requests that come at once and for
 * such that come 20 ms after the last.
 */
final class IsolationPairs {
  private static final int WARM_UP = 1000;
  private static final int PROMPT = 32;
  private static final int TOKENS = 2;
  private static final long PAUSE_MILLIS = 20;

  private static final GenerationOptions OPTIONS =
      GenerationOptions.builder()
          .sampling(Sampling.builder().temperature(0).ignoreEnd(true).build())
          .maxTokens(TOKENS)
          .build();

  private final Random random = new Random(1);
  private final int vocabulary;

  private IsolationPairs(int vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** Measures. */
  public static void main(String... arguments) throws Exception {
    int pairs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 300;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
    EngineConfig config =
        TestEngines.config().toBuilder()
            .slots(1)
            .contextSize(256)
            .threads(1)
            .reusePrefixes(false)
            .spill(SpillConfig.none())
            .build();
    try (Model model = Model.load(TestFiles.demoModel());
        Engine here = Engine.start(model, config);
        Engine there = Engine.start(TestFiles.demoModel(), config.toBuilder().isolation(Isolation.PROCESS).build())) {
      IsolationPairs program = new IsolationPairs(model.vocabulary().size());
      for (int i = 0; i < WARM_UP; i++) {
        program.pair(here, there, i % 2 == 0, 0);
      }
      for (int round = 0; round < rounds; round++) {
        for (boolean virtual : new boolean[] {true, false}) {
          for (long pause : new long[] {0, PAUSE_MILLIS}) {
            program.measure(here, there, pairs, virtual, pause);
          }
        }
      }
    }
  }

  private void measure(Engine here, Engine there, int pairs, boolean virtual, long pause) throws Exception {
    double[] one = new double[pairs];
    double[] other = new double[pairs];
    double[] added = new double[pairs];
    for (int i = 0; i < pairs; i++) {
      double[] times = pair(here, there, virtual, pause);
      one[i] = times[0];
      other[i] = times[1];
      added[i] = times[1] - times[0];
    }
    System.out.printf(
        "%s threads, %2d ms after the last: in process %.3f, isolated %.3f, difference of medians %.3f, median of"
            + " differences %.3f, of p10 %.3f%n",
        virtual ? "virtual " : "platform",
        pause,
        at(one, 0.5),
        at(other, 0.5),
        at(other, 0.5) - at(one, 0.5),
        at(added, 0.5),
        at(other, 0.1) - at(one, 0.1));
  }

  private static double at(double[] values, double share) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[(int) (share * (sorted.length - 1))];
  }

  private double[] pair(Engine here, Engine there, boolean virtual, long pause) throws Exception {
    CompletionRequest request = CompletionRequest.of(random.ints(PROMPT, 0, vocabulary).toArray()).with(OPTIONS);
    boolean first = random.nextBoolean();
    double[] times = new double[2];
    for (boolean isolated : new boolean[] {first, !first}) {
      if (pause > 0) {
        Thread.sleep(pause);
      }
      Engine engine = isolated ? there : here;
      CompletableFuture<Double> time = new CompletableFuture<>();
      Runnable task =
          () -> {
            try {
              time.complete(firstToken(engine, request));
            } catch (Throwable failed) {
              time.completeExceptionally(failed);
            }
          };
      if (virtual) {
        Thread.ofVirtual().start(task);
      } else {
        Thread.ofPlatform().start(task);
      }
      times[isolated ? 1 : 0] = time.get();
    }
    return times;
  }

  private static double firstToken(Engine engine, CompletionRequest request) {
    long begin = System.nanoTime();
    List<Long> arrivals = new ArrayList<>();
    try (Generation generation = engine.generate(request)) {
      for (GenerationEvent _ : generation) {
        arrivals.add(System.nanoTime());
      }
    }
    return (arrivals.getFirst() - begin) / 1e6;
  }
}
