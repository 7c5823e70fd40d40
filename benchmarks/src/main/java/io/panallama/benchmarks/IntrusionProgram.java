package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Generation;
import io.panallama.load.measure.Reader;
import io.panallama.load.measure.Requests;
import io.panallama.load.measure.Spread;
import io.panallama.request.GenerationRequest;
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
 * Measures what a long prompt does to running answers: the inter-token latency (ITL) of streams, as their readers see it, during
 * its prefill and, as the baseline, before its arrival and after its answer.
 */
@Command(
    name = "intrusion",
    description =
        "Measures the inter-token latency of running streams during the prefill of a long prompt, and without it.",
    mixinStandardHelpOptions = true)
final class IntrusionProgram implements Callable<Integer> {
  /** Tokens of a stream's own prompt: few, so that it is no long prompt itself. */
  private static final int STREAM_PROMPT = 8;

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--streams", description = "Default ${DEFAULT-VALUE}.")
  private int streams = 4;

  @Option(
      names = "--answer",
      paramLabel = "TOKENS",
      description = "Tokens of each of a stream's answers; default ${DEFAULT-VALUE}.")
  private int answer = 512;

  @Option(
      names = "--prompt",
      paramLabel = "TOKENS",
      description = "Tokens of the long prompt; default ${DEFAULT-VALUE}.")
  private int prompt = 4096;

  @Option(
      names = "--baseline",
      paramLabel = "SECONDS",
      description = "Length of the baseline before and after the prompt; default ${DEFAULT-VALUE}.")
  private int baseline = 15;

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  /** One round, in milliseconds. */
  private record Round(Spread baseline, Spread disturbed, double timeToFirstToken) {}

  @Override
  public Integer call() throws Exception {
    try (Model model = options.load();
        Engine engine = Engine.start(model, config())) {
      Report report = new Report("intrusion", options.facts(engine));
      Requests requests = new Requests(model);
      List<Double> baselineItl = new ArrayList<>();
      List<Double> disturbedItl = new ArrayList<>();
      List<Double> firstTokens = new ArrayList<>();
      Comparison middle = new Comparison("ITL p50");
      Comparison tail = new Comparison("ITL p99");
      for (int i = 0; i < rounds; i++) {
        Round round = round(engine, requests);
        baselineItl.addAll(round.baseline.numbers());
        disturbedItl.addAll(round.disturbed.numbers());
        firstTokens.add(round.timeToFirstToken);
        middle.ours(round.disturbed.median());
        middle.theirs(round.baseline.median());
        tail.ours(round.disturbed.quantile(0.99));
        tail.theirs(round.baseline.quantile(0.99));
        report.progress(
            "round %d of %d: p99 %.1f ms, baseline %.1f ms, TTFT %.0f ms",
            i + 1, rounds, round.disturbed.quantile(0.99), round.baseline.quantile(0.99), round.timeToFirstToken);
      }
      Map<String, Spread> spreads = new LinkedHashMap<>();
      spreads.put("ITL baseline", Spread.of(baselineItl));
      spreads.put("ITL during the prefill", Spread.of(disturbedItl));
      spreads.put("TTFT of the prompt", Spread.of(firstTokens));
      report.spreads("ms", spreads);
      report.comparisons("ms", "baseline", List.of(middle, tail));
      report.write(options.json());
    }
    return 0;
  }

  /** A context with room for the longest form of every stream and the prompt. */
  private EngineConfig config() {
    return options
        .config()
        .slots(streams + 1)
        .contextSize(streams * (STREAM_PROMPT + answer) + prompt + 256)
        .reusePrefixes(false)
        .spill(SpillConfig.none())
        .build();
  }

  private Round round(Engine engine, Requests requests) throws InterruptedException {
    List<Stream> running = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      running.add(new Stream(engine, requests));
    }
    for (Stream stream : running) {
      stream.begin();
    }
    Duration pause = Duration.ofSeconds(baseline);
    long began = System.nanoTime();
    Thread.sleep(pause);
    long came = System.nanoTime();
    Generation intruder = engine.generate(request(requests, prompt, 1));
    Duration first = Requests.complete(intruder.await(), 1).timings().timeToFirstToken();
    long answered = System.nanoTime();
    Thread.sleep(pause);
    long ended = System.nanoTime();
    for (Stream stream : running) {
      stream.stop();
    }
    List<Double> without = new ArrayList<>();
    List<Double> with = new ArrayList<>();
    for (Stream stream : running) {
      stream.latencies(began, came, without);
      stream.latencies(came, answered, with);
      stream.latencies(answered, ended, without);
    }
    return new Round(Spread.of(without), Spread.of(with), first.toNanos() / 1e6);
  }

  private static GenerationRequest request(Requests requests, int prompt, int tokens) {
    synchronized (requests) {
      return requests.random(prompt, tokens);
    }
  }

  /** Answers one after the other, each read as it arrives. */
  private final class Stream {
    private final List<Reader> readers = new ArrayList<>();
    private final Thread thread;
    private volatile boolean stopping;

    Stream(Engine engine, Requests requests) {
      readers.add(Reader.start(engine, request(requests, STREAM_PROMPT, answer)));
      thread = Thread.ofVirtual().unstarted(() -> run(engine, requests));
    }

    /** Returns after the first event. */
    void begin() throws InterruptedException {
      readers.getFirst().awaitFirst();
      thread.start();
    }

    private void run(Engine engine, Requests requests) {
      try {
        readers.getLast().join();
        while (!stopping) {
          readers.add(Reader.start(engine, request(requests, STREAM_PROMPT, answer)));
          readers.getLast().join();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e); // no code interrupts this thread
      }
    }

    /** Waits for the end of the current answer. */
    void stop() throws InterruptedException {
      stopping = true;
      thread.join();
      for (Reader reader : readers) {
        Requests.require(reader.end(), answer);
      }
    }

    /** Adds the times between successive events of an answer that overlap the interval from one moment to the other. */
    void latencies(long from, long to, List<Double> latencies) {
      for (Reader reader : readers) {
        long[] arrivals = reader.arrivals();
        for (int i = 1; i < arrivals.length; i++) {
          if (arrivals[i] - from > 0 && to - arrivals[i - 1] > 0) {
            latencies.add((arrivals[i] - arrivals[i - 1]) / 1e6);
          }
        }
      }
    }
  }
}
