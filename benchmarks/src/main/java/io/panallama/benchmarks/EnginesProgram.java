package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Generation;
import io.panallama.load.measure.Requests;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares several engines on one model, each with a thread per processor, with one of them alone. */
@Command(
    name = "engines",
    description = "Compares several engines on one model at the same time with one alone.",
    mixinStandardHelpOptions = true)
final class EnginesProgram implements Callable<Integer> {
  private static final int TOKENS = 256;

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--engines", description = "Default ${DEFAULT-VALUE}.")
  private int count = 2;

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  @Override
  public Integer call() throws Exception {
    Comparison sum = new Comparison(count + " engines");
    List<Engine> engines = new ArrayList<>();
    try (Model model = options.load()) {
      Requests requests = new Requests(model);
      EngineConfig config =
          options.config().slots(1).contextSize(2 * TOKENS).reusePrefixes(false).spill(SpillConfig.none()).build();
      for (int i = 0; i < count; i++) {
        engines.add(Engine.start(model, config));
      }
      Report report = new Report("engines", options.facts(engines.getFirst()));
      rate(engines, requests);
      Turns.run(
          rounds,
          report,
          () -> sum.ours(rate(engines, requests)),
          () -> sum.theirs(rate(engines.subList(0, 1), requests)));
      report.comparisons("tokens/s in all", "one alone", List.of(sum));
      report.write(options.json());
    } finally {
      engines.forEach(Engine::close);
    }
    return 0;
  }

  /** Tokens per second of all engines together, from the first submission to the last answer. */
  private static double rate(List<Engine> engines, Requests requests) {
    long start = System.nanoTime();
    List<Generation> running = engines.stream().map(engine -> engine.generate(requests.random(1, TOKENS))).toList();
    for (Generation generation : running) {
      Requests.complete(generation.await(), TOKENS);
    }
    return engines.size() * TOKENS / ((System.nanoTime() - start) / 1e9);
  }
}
