package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.EngineConfig;
import io.panallama.Generation;
import io.panallama.GenerationOptions;
import io.panallama.GenerationRequest;
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
 * readers see it, while it is being computed, and of the same tokens of the same streams without it.
 */
@Command(
    name = "intrusion",
    description = "The inter-token latency of running streams while a long prompt is computed, and without it.",
    mixinStandardHelpOptions = true)
final class IntrusionProgram implements Callable<Integer> {
  private static final int STREAM_PROMPT = 64;

  /** Tokens of the prompt that is not measured. */
  private static final int WARM_UP = 512;

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--streams", description = "Default ${DEFAULT-VALUE}.")
  private int streams = 4;

  @Option(names = "--prompt", paramLabel = "TOKENS", description = "Of the intruder; default ${DEFAULT-VALUE}.")
  private int prompt = 4096;

  @Option(
      names = "--quiet",
      paramLabel = "SECONDS",
      description = "Of the streams before it comes; default ${DEFAULT-VALUE}.")
  private int quiet = 5;

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  /** Which events of the streams came while the prompt was computed, one range for each; the last is included. */
  private record Stretch(int[] first, int[] last) {}

  /** What came of streams beside a prompt, in milliseconds. */
  private record Disturbed(double[] latencies, double timeToFirstToken, Stretch stretch) {}

  @Override
  public Integer call() throws Exception {
    try (Model model = options.load();
        Engine engine = Engine.start(model, config(model))) {
      Report report = new Report("intrusion", options.facts(engine));
      Requests requests = new Requests(model);
      List<GenerationRequest> chats = new ArrayList<>();
      for (int i = 0; i < streams; i++) {
        chats.add(requests.random(STREAM_PROMPT, GenerationOptions.UNLIMITED));
      }
      Stretch stretch = disturbed(engine, chats, requests.random(Math.min(prompt, WARM_UP), 1)).stretch;
      alone(engine, chats, stretch);
      List<Double> aloneItl = new ArrayList<>();
      List<Double> disturbedItl = new ArrayList<>();
      List<Double> firstTokens = new ArrayList<>();
      Comparison middle = new Comparison("ITL p50");
      Comparison tail = new Comparison("ITL p99");
      for (int i = 0; i < rounds; i++) {
        // Each goes first in every other round; then the stretch is that of the round before.
        double[] alone = i % 2 == 0 ? null : alone(engine, chats, stretch);
        Disturbed disturbed = disturbed(engine, chats, requests.random(prompt, 1));
        stretch = disturbed.stretch;
        Spread without = Spread.of(alone == null ? alone(engine, chats, stretch) : alone);
        Spread with = Spread.of(disturbed.latencies);
        aloneItl.addAll(without.numbers());
        disturbedItl.addAll(with.numbers());
        firstTokens.add(disturbed.timeToFirstToken);
        middle.ours(with.median());
        middle.theirs(without.median());
        tail.ours(with.quantile(0.99));
        tail.theirs(without.quantile(0.99));
        report.progress(
            "round %d of %d: p99 %.1f ms, without the prompt %.1f ms, TTFT %.0f ms",
            i + 1, rounds, with.quantile(0.99), without.quantile(0.99), disturbed.timeToFirstToken);
      }
      Map<String, Spread> spreads = new LinkedHashMap<>();
      spreads.put("ITL without the prompt", Spread.of(aloneItl));
      spreads.put("ITL while it prefills", Spread.of(disturbedItl));
      spreads.put("TTFT of the prompt", Spread.of(firstTokens));
      report.spreads("ms", spreads);
      report.comparisons("ms", "the same tokens without the prompt", List.of(middle, tail));
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

  private Disturbed disturbed(Engine engine, List<GenerationRequest> chats, GenerationRequest request)
      throws InterruptedException {
    List<Reader> readers = start(engine, chats, new int[chats.size()]);
    Thread.sleep(Duration.ofSeconds(quiet));
    long came = System.nanoTime();
    Generation intruder = engine.generate(request);
    Duration first = Requests.complete(intruder.await(), 1).timings().timeToFirstToken();
    long answered = System.nanoTime();
    stop(readers);
    int[] from = new int[readers.size()];
    int[] to = new int[readers.size()];
    for (int i = 0; i < from.length; i++) {
      long[] arrivals = readers.get(i).arrivals();
      while (arrivals[from[i] + 1] - came <= 0) {
        from[i]++;
      }
      to[i] = from[i] + 1;
      while (to[i] + 1 < arrivals.length && arrivals[to[i]] - answered < 0) {
        to[i]++;
      }
    }
    Stretch stretch = new Stretch(from, to);
    return new Disturbed(latencies(readers, stretch), first.toNanos() / 1e6, stretch);
  }

  private double[] alone(Engine engine, List<GenerationRequest> chats, Stretch stretch) throws InterruptedException {
    List<Reader> readers = start(engine, chats, stretch.last);
    stop(readers);
    return latencies(readers, stretch);
  }

  /** Returns when every stream has come to its event of {@code until}. */
  private static List<Reader> start(Engine engine, List<GenerationRequest> chats, int[] until)
      throws InterruptedException {
    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < until.length; i++) {
      readers.add(Reader.start(engine, chats.get(i), until[i] + 1));
    }
    for (Reader reader : readers) {
      reader.await();
    }
    return readers;
  }

  private static void stop(List<Reader> readers) throws InterruptedException {
    for (Reader reader : readers) {
      reader.stop();
    }
    if (!readers.stream().allMatch(Reader::wasCancelled)) {
      throw new IllegalStateException("a stream ended before the prompt was computed; choose a shorter one");
    }
  }

  /** Times between successive events. */
  private static double[] latencies(List<Reader> readers, Stretch stretch) {
    List<Double> latencies = new ArrayList<>();
    for (int i = 0; i < readers.size(); i++) {
      long[] arrivals = readers.get(i).arrivals();
      for (int k = stretch.first[i]; k < stretch.last[i]; k++) {
        latencies.add((arrivals[k + 1] - arrivals[k]) / 1e6);
      }
    }
    return latencies.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
