package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.EngineConfig;
import io.panallama.Generation;
import io.panallama.GenerationOptions;
import io.panallama.Model;
import io.panallama.SpillConfig;
import io.panallama.server.measure.Reader;
import io.panallama.server.measure.Requests;
import io.panallama.server.measure.Spread;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * What a long prompt does to those who are being answered: the inter-token latency (ITL) of running streams, as their
 * readers see it, before it comes and while it is being computed.
 */
@Command(
    name = "intrusion",
    description = "The inter-token latency of running streams, quiet and while a long prompt is computed.",
    mixinStandardHelpOptions = true)
final class IntrusionProgram implements Callable<Integer> {
  private static final int STREAM_PROMPT = 64;

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--streams", description = "Default ${DEFAULT-VALUE}.")
  private int streams = 4;

  @Option(names = "--prompt", paramLabel = "TOKENS", description = "Of the intruder; default ${DEFAULT-VALUE}.")
  private int prompt = 4096;

  @Option(names = "--quiet", paramLabel = "SECONDS", description = "Before it comes; default ${DEFAULT-VALUE}.")
  private int quiet = 5;

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  /** One round, in milliseconds. */
  private record Round(double[] quiet, double[] disturbed, double timeToFirstToken) {}

  @Override
  public Integer call() throws Exception {
    try (Model model = options.load();
        Engine engine = Engine.start(model, config(model))) {
      Report report = new Report("intrusion", options.facts(engine));
      Requests requests = new Requests(model);
      round(engine, requests);
      List<Double> quietItl = new ArrayList<>();
      List<Double> disturbedItl = new ArrayList<>();
      List<Double> firstTokens = new ArrayList<>();
      Comparison tail = new Comparison("ITL p99");
      for (int i = 0; i < rounds; i++) {
        Round round = round(engine, requests);
        addAll(quietItl, round.quiet);
        addAll(disturbedItl, round.disturbed);
        firstTokens.add(round.timeToFirstToken);
        tail.ours(Spread.of(round.disturbed).quantile(0.99));
        tail.theirs(Spread.of(round.quiet).quantile(0.99));
        report.progress(
            "round %d of %d: p99 %.1f ms, quiet %.1f ms, TTFT %.0f ms",
            i + 1,
            rounds,
            Spread.of(round.disturbed).quantile(0.99),
            Spread.of(round.quiet).quantile(0.99),
            round.timeToFirstToken);
      }
      Map<String, Spread> spreads = new LinkedHashMap<>();
      spreads.put("ITL quiet", Spread.of(quietItl));
      spreads.put("ITL while it prefills", Spread.of(disturbedItl));
      spreads.put("TTFT of the intruder", Spread.of(firstTokens));
      report.spreads("ms", spreads);
      report.comparisons("ms", "quiet", List.of(tail));
      report.write(options.json());
    }
    return 0;
  }

  /** Room for the intruder and for streams that nobody pushes out, however long they run beside it. */
  private EngineConfig config(Model model) {
    int cells = streams * Math.min(4096, model.trainedContextSize()) + prompt + 256;
    return options
        .config()
        .slots(streams + 1)
        .contextSize(cells)
        .reusePrefixes(false)
        .spill(SpillConfig.none())
        .build();
  }

  private Round round(Engine engine, Requests requests) throws InterruptedException {
    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      readers.add(Reader.start(engine, requests.random(STREAM_PROMPT, GenerationOptions.UNLIMITED)));
    }
    for (Reader reader : readers) {
      reader.awaitFirst();
    }
    long began = System.nanoTime();
    Thread.sleep(Duration.ofSeconds(quiet));
    long came = System.nanoTime();
    Generation intruder = engine.generate(requests.random(prompt, 1));
    Duration first = Requests.complete(intruder.await(), 1).timings().timeToFirstToken();
    long answered = System.nanoTime();
    for (Reader reader : readers) {
      reader.stop();
    }
    if (!readers.stream().allMatch(Reader::wasCancelled)) {
      throw new IllegalStateException("a stream ended before the intruder was answered; choose a shorter time");
    }
    return new Round(latencies(readers, began, came), latencies(readers, came, answered), first.toNanos() / 1e6);
  }

  /** Times between successive events of a stream that lie, even if in part only, between two moments. */
  private static double[] latencies(List<Reader> readers, long from, long to) {
    List<Double> latencies = new ArrayList<>();
    for (Reader reader : readers) {
      long[] arrivals = reader.arrivals();
      for (int i = 1; i < arrivals.length; i++) {
        if (arrivals[i] - from > 0 && to - arrivals[i - 1] > 0) {
          latencies.add((arrivals[i] - arrivals[i - 1]) / 1e6);
        }
      }
    }
    return latencies.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static void addAll(List<Double> list, double[] numbers) {
    for (double number : numbers) {
      list.add(number);
    }
  }
}
