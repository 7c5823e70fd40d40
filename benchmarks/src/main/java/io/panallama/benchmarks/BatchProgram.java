package io.panallama.benchmarks;

import io.panallama.Model;
import io.panallama.config.KvLayout;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares generations that run together with llama-batched-bench, in turns. */
@Command(
    name = "batch",
    description = "Decoding for several streams at once, in turns with llama-batched-bench.",
    mixinStandardHelpOptions = true)
final class BatchProgram implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--llama-batched-bench", paramLabel = "PROGRAM", description = "Without it, only ours is measured.")
  private @Nullable Path llamaBatchedBench;

  @Option(names = "--streams", split = ",", description = "Default ${DEFAULT-VALUE}.")
  private List<Integer> streams = List.of(1, 2, 4, 8, 16, 32);

  @Option(
      names = "--separate-caches",
      description =
          "Both with a split KV cache, a part per sequence, which is llama-batched-bench's default, instead of a"
              + " unified one.")
  private boolean separateCaches;

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  @Override
  public Integer call() throws Exception {
    List<Comparison> results = streams.stream().map(count -> new Comparison("B=" + count)).toList();
    try (Model model = options.load();
        BatchDecode decode =
            new BatchDecode(
                model, options, separateCaches ? KvLayout.SPLIT : KvLayout.UNIFIED, Collections.max(streams))) {
      Report report = new Report("batch", options.facts(decode.engine()));
      int threads = decode.engine().config().threads();
      decode.generation(Collections.max(streams));
      Turns.run(
          rounds,
          report,
          () -> {
            for (int i = 0; i < streams.size(); i++) {
              results.get(i).ours(decode.generation(streams.get(i)));
            }
          },
          () -> {
            if (llamaBatchedBench != null) {
              List<Double> rates =
                  LlamaBench.batched(
                      llamaBatchedBench, model.path(), threads, options.gpuLayers(), streams, !separateCaches);
              for (int i = 0; i < streams.size(); i++) {
                results.get(i).theirs(rates.get(i));
              }
            }
          });
      report.comparisons("tokens/s", "llama-batched-bench", results);
      report.write(options.json());
    }
    return 0;
  }
}
