package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Completion;
import io.panallama.load.measure.Requests;
import io.panallama.load.measure.Spread;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One generation at a time, like llama-bench with its one sequence. */
final class SingleStream implements AutoCloseable {
  static final int PROMPT = 512;
  static final int GENERATED = 128;

  private final Engine engine;
  private final Requests requests;

  /**
   * Starts an engine with a context for one sequence of {@link #PROMPT} tokens and its answer. llama.cpp computes over
   * the used cells only, so the size does not matter.
   */
  SingleStream(Model model, EngineOptions options) {
    requests = new Requests(model);
    EngineConfig config =
        options.config().slots(1).contextSize(PROMPT + 256).reusePrefixes(false).spill(SpillConfig.none()).build();
    engine = Engine.start(model, config);
  }

  Engine engine() {
    return engine;
  }

  /** Generates and prefills for some time, so that the code is compiled before it is measured. */
  void warmUp(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    do {
      generate();
      prefill();
    } while (System.nanoTime() < end);
  }

  /**
   * Tokens per second of generation, the median of some repetitions after an uncounted one: {@link #GENERATED}
   * divided by the time from the first token of an answer to the last one, {@code GENERATED} steps later.
   */
  double generation(int repetitions) {
    generate();
    List<Double> rates = new ArrayList<>();
    for (int i = 0; i < repetitions; i++) {
      rates.add(GENERATED / seconds(generate().timings().decode()));
    }
    return Spread.of(rates).median();
  }

  /**
   * Tokens per second of the prefill, likewise: {@link #PROMPT} divided by the time from submission to the first token of
   * the answer, its sampling included.
   */
  double prompt(int repetitions) {
    prefill();
    List<Double> rates = new ArrayList<>();
    for (int i = 0; i < repetitions; i++) {
      rates.add(PROMPT / seconds(prefill().timings().timeToFirstToken()));
    }
    return Spread.of(rates).median();
  }

  private Completion generate() {
    return Requests.complete(engine.generate(requests.random(1, GENERATED + 1)).await(), GENERATED + 1);
  }

  private Completion prefill() {
    return Requests.complete(engine.generate(requests.random(PROMPT, 1)).await(), 1);
  }

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }

  @Override
  public void close() {
    engine.close();
  }
}
