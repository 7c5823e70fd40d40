package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Completion;
import io.panallama.generation.Generation;
import io.panallama.load.measure.Reader;
import io.panallama.load.measure.Requests;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Several generations in the same steps, as in llama-batched-bench. */
final class BatchDecode implements AutoCloseable {
  static final int PROMPT = 128;
  static final int GENERATED = 128;

  /** The steps by which the first streams may be ahead of the last one. */
  private static final int SLACK = 64;

  private final Engine engine;
  private final Requests requests;

  /** Starts an engine for at most {@code most} generations. Without an ITL target, because prefills are not measured here. */
  BatchDecode(Model model, EngineOptions options, KvLayout layout, int most) {
    requests = new Requests(model);
    EngineConfig config =
        options
            .config()
            .kvLayout(layout)
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
   * Tokens per second of all streams together. They are submitted at once, the last one with one prompt token more, so that
   * it begins to generate with the others or after them; only this one has a limit. Between its first and its last token there
   * are {@link #GENERATED} steps in which every stream gets a token. Each has a reader that takes tokens as they arrive.
   */
  double generation(int streams) throws InterruptedException {
    long preemptions = engine.stats().preemptions();
    List<Reader> others = new ArrayList<>();
    for (int i = 1; i < streams; i++) {
      others.add(Reader.start(engine, requests.random(PROMPT, GenerationOptions.UNLIMITED)));
    }
    Generation generation = engine.generate(requests.random(PROMPT + 1, GENERATED + 1));
    long accepted = System.nanoTime();
    Completion last = Requests.complete(generation.await(), GENERATED + 1);
    for (Reader other : others) {
      other.stop();
    }
    long decode = last.timings().decode().toNanos();
    // Not earlier than that; and of the others, not later: submitting may take longer than a step of a tiny model.
    long begin = accepted + last.timings().timeToFirstToken().toNanos();
    long step = decode / GENERATED;
    for (Reader other : others) {
      if (!other.wasCancelled() || other.firstToken() > begin + step / 2) {
        throw new IllegalStateException("not all " + streams + " generations ran in all steps: " + engine.stats());
      }
    }
    if (engine.stats().preemptions() != preemptions) {
      throw new IllegalStateException("the KV cache is too small for " + streams + " generations: " + engine.stats());
    }
    return streams * GENERATED / (decode / 1e9);
  }

  @Override
  public void close() {
    engine.close();
  }
}
