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
 * What a long prompt does to those who are being answered: the inter-token latency (ITL) of running streams, as their
 * readers see it, while it is being computed, and before it came and after it was answered.
 */
@Command(
    name = "intrusion",
    description = "The inter-token latency of running streams while a long prompt is computed, and without it.",
    mixinStandardHelpOptions = true)
final class IntrusionProgram implements Callable<Integer> {
  /** Of a stream: so few that they are no long prompt themselves. */
  private static final int STREAM_PROMPT = 8;

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--streams", description = "Default ${DEFAULT-VALUE}.")
  private int streams = 4;

  @Option(
      names = "--answer",
      paramLabel = "TOKENS",
      description = "Of a stream, again and again; default ${DEFAULT-VALUE}.")
  private int answer = 512;

  @Option(names = "--prompt", paramLabel = "TOKENS", description = "Of the intruder; default ${DEFAULT-VALUE}.")
  private int prompt = 4096;

  @Option(names = "--quiet", paramLabel = "SECONDS", description = "Before it and after it; default ${DEFAULT-VALUE}.")
  private int quiet = 15;

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  /** One round, in milliseconds. */
  private record Round(Spread quiet, Spread disturbed, double timeToFirstToken) {}

  @Override
  public Integer call() throws Exception {
    try (Model model = options.load();
        Engine engine = Engine.start(model, config())) {
      Report report = new Report("intrusion", options.facts(engine));
      Requests requests = new Requests(model);
      List<Double> quietItl = new ArrayList<>();
      List<Double> disturbedItl = new ArrayList<>();
      List<Double> firstTokens = new ArrayList<>();
      Comparison middle = new Comparison("ITL p50");
      Comparison tail = new Comparison("ITL p99");
      for (int i = 0; i < rounds; i++) {
        Round round = round(engine, requests);
        quietItl.addAll(round.quiet.numbers());
        disturbedItl.addAll(round.disturbed.numbers());
        firstTokens.add(round.timeToFirstToken);
        middle.ours(round.disturbed.median());
        middle.theirs(round.quiet.median());
        tail.ours(round.disturbed.quantile(0.99));
        tail.theirs(round.quiet.quantile(0.99));
        report.progress(
            "round %d of %d: p99 %.1f ms, quiet %.1f ms, TTFT %.0f ms",
            i + 1, rounds, round.disturbed.quantile(0.99), round.quiet.quantile(0.99), round.timeToFirstToken);
      }
      Map<String, Spread> spreads = new LinkedHashMap<>();
      spreads.put("ITL quiet", Spread.of(quietItl));
      spreads.put("ITL while it prefills", Spread.of(disturbedItl));
      spreads.put("TTFT of the prompt", Spread.of(firstTokens));
      report.spreads("ms", spreads);
      report.comparisons("ms", "quiet", List.of(middle, tail));
      report.write(options.json());
    }
    return 0;
  }

  /** Room for all at their longest. */
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
    Duration pause = Duration.ofSeconds(quiet);
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

  /** Answers one after the other, each read as it comes. */
  private final class Stream {
    private final List<Reader> readers = new ArrayList<>();
    private final Thread thread;
    private volatile boolean stopping;

    Stream(Engine engine, Requests requests) {
      readers.add(Reader.start(engine, request(requests, STREAM_PROMPT, answer)));
      thread = Thread.ofVirtual().unstarted(() -> run(engine, requests));
    }

    /** Returns with the first event. */
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
        throw new IllegalStateException(e); // nobody interrupts it
      }
    }

    /** Waits for the end of its answer. */
    void stop() throws InterruptedException {
      stopping = true;
      thread.join();
      for (Reader reader : readers) {
        Requests.require(reader.end(), answer);
      }
    }

    /** Adds the times between successive events of an answer that lie, even if in part only, between two moments. */
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
