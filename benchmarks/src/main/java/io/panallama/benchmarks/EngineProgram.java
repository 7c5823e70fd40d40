package io.panallama.benchmarks;

import io.panallama.Model;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares a single stream through the public API with llama-bench, in turns. */
@Command(
    name = "engine",
    description = "tg128 and pp512 of a single stream, in turns with llama-bench.",
    mixinStandardHelpOptions = true)
final class EngineProgram implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--llama-bench", paramLabel = "PROGRAM", description = "Without it, only ours is measured.")
  private @Nullable Path llamaBench;

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  @Option(
      names = "--repetitions",
      description = "Within a round, of which the median is taken; default ${DEFAULT-VALUE}.")
  private int repetitions = 5;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      description = "Before the first round; default ${DEFAULT-VALUE}.")
  private int warmUp = 5;

  @Override
  public Integer call() throws Exception {
    Comparison generation = new Comparison("tg" + SingleStream.GENERATED);
    Comparison prompt = new Comparison("pp" + SingleStream.PROMPT);
    try (Model model = options.load();
        SingleStream stream = new SingleStream(model, options)) {
      Report report = new Report("engine", options.facts(stream.engine()));
      int threads = stream.engine().config().threads();
      stream.warmUp(Duration.ofSeconds(warmUp));
      Turns.run(
          rounds,
          report,
          () -> {
            generation.ours(stream.generation(repetitions));
            prompt.ours(stream.prompt(repetitions));
          },
          () -> {
            if (llamaBench != null) {
              LlamaBench.Rates rates =
                  LlamaBench.single(llamaBench, model.path(), threads, options.gpuLayers(), repetitions);
              generation.theirs(rates.generation());
              prompt.theirs(rates.prompt());
            }
          });
      report.comparisons("tokens/s", "llama-bench", List.of(generation, prompt));
      report.write(options.json());
    }
    return 0;
  }
}
