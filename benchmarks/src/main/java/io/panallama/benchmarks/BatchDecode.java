package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.EngineConfig;
import io.panallama.EngineStats;
import io.panallama.Generation;
import io.panallama.GenerationOptions;
import io.panallama.Model;
import io.panallama.SpillConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Several generations in step, as llama-batched-bench has them. */
final class BatchDecode implements AutoCloseable {
  static final int PROMPT = 128;
  static final int GENERATED = 128;

  /** Steps that the first ones may be ahead of the last one. */
  private static final int SLACK = 128;

  private final Engine engine;
  private final Requests requests;

  /** Starts an engine for at most {@code most} generations. No ITL target: prefills are not what is measured here. */
  BatchDecode(Model model, EngineOptions options, int most) {
    requests = new Requests(model);
    EngineConfig config =
        options
            .config()
            .slots(most)
            .contextSize(most * (PROMPT + GENERATED + SLACK))
            .batchSize(2048)
            .microBatchSize(512)
            .reusePrefixes(false)
            .spill(SpillConfig.none())
            .itlTarget(Duration.ZERO)
            .build();
    engine = Engine.start(model, config);
  }

  Engine engine() {
    return engine;
  }

  /**
   * Tokens per second of all together. All but one generation are started and have begun to generate; then comes the last
   * one, and between its first token and its last there are {@link #GENERATED} steps in which every one of them gets a
   * token. Each has a reader that takes every token as it comes.
   */
  double generation(int streams) throws InterruptedException {
    EngineStats before = engine.stats();
    List<Reader> others = new ArrayList<>();
    for (int i = 1; i < streams; i++) {
      others.add(Reader.start(engine.generate(requests.random(PROMPT, GenerationOptions.UNLIMITED))));
    }
    for (Reader other : others) {
      other.awaitFirst();
    }
    Generation last = engine.generate(requests.random(PROMPT, GENERATED + 1));
    Duration decode = Requests.complete(last.await(), GENERATED + 1).timings().decode();
    boolean allRan = others.stream().allMatch(Reader::isRunning);
    for (Reader other : others) {
      other.stop();
    }
    if (!allRan || engine.stats().preemptions() != before.preemptions()) {
      throw new IllegalStateException("not all " + streams + " generations ran to the end: " + engine.stats());
    }
    return streams * GENERATED / (decode.toNanos() / 1e9);
  }

  @Override
  public void close() {
    engine.close();
  }
}
