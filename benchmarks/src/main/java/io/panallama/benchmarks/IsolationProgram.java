package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TextGenerator;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.ModelConfig;
import io.panallama.config.SpillConfig;
import io.panallama.load.measure.Reader;
import io.panallama.load.measure.Requests;
import io.panallama.load.measure.Spread;
import io.panallama.request.CompletionRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares an engine in a process of its own with one in this process, in turns. */
@Command(
    name = "isolation",
    description = "Compares an engine in a process of its own with one in this process.",
    mixinStandardHelpOptions = true)
final class IsolationProgram implements Callable<Integer> {
  private static final int PROMPT = 32;

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--streams", split = ",", description = "Default: 1,16.")
  private List<Integer> streams = List.of(1, 16);

  @Option(names = "--tokens", description = "Of each answer; default ${DEFAULT-VALUE}.")
  private int tokens = 256;

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 10;

  @Option(
      names = "--repetitions",
      description = "Within a round, of which the median is taken; default ${DEFAULT-VALUE}.")
  private int repetitions = 3;

  @Option(
      names = "--warm-up",
      description =
          "How many short requests each engine gets first, so that both JVMs have compiled what they run; default"
              + " ${DEFAULT-VALUE}.")
  private int warmUp = 1000;

  @Option(names = "--starts", description = "How often a start is measured; default ${DEFAULT-VALUE}.")
  private int starts = 5;

  /** What is measured with a number of streams. */
  private record Row(int streams, Comparison rate, Comparison firstToken) {}

  /**
   * What one number of streams gave.
   *
   * @param rate tokens per second of all streams, from the first submission to the last answer
   * @param firstToken milliseconds from the submission of a stream until its reader had a token; the median of the streams
   */
  private record Result(double rate, double firstToken) {}

  @Override
  public Integer call() throws Exception {
    int most = streams.stream().max(Integer::compare).orElseThrow();
    EngineConfig config =
        options
            .config()
            .slots(most)
            .contextSize(most * (PROMPT + tokens + 64))
            .reusePrefixes(false)
            .spill(SpillConfig.none())
            .build();
    List<Row> rows =
        streams.stream()
            .map(count -> new Row(count, new Comparison("B=" + count), new Comparison("TTFT, B=" + count)))
            .toList();
    try (Model model = options.load();
        Engine here = Engine.start(model, config);
        Engine there = isolated(model, config)) {
      Requests requests = new Requests(model);
      Report report = new Report("isolation", options.facts(here));
      for (int i = 0; i < warmUp; i++) {
        here.generate(requests.random(PROMPT, 2)).await();
        there.generate(requests.random(PROMPT, 2)).await();
      }
      for (int streams : this.streams) {
        measure(here, requests, streams);
        measure(there, requests, streams);
      }
      Turns.run(
          rounds,
          report,
          () -> {
            for (Row row : rows) {
              Result result = measure(there, requests, row.streams());
              row.rate().ours(result.rate());
              row.firstToken().ours(result.firstToken());
            }
          },
          () -> {
            for (Row row : rows) {
              Result result = measure(here, requests, row.streams());
              row.rate().theirs(result.rate());
              row.firstToken().theirs(result.firstToken());
            }
          });
      report.comparisons("tokens/s", "in process", rows.stream().map(Row::rate).toList());
      report.comparisons("ms", "in process", rows.stream().map(Row::firstToken).toList());
      report.spreads("ms", differences(model, config, rows));
      report.write(options.json());
    }
    return 0;
  }

  private Engine isolated(Model model, EngineConfig config) {
    ModelConfig loading = ModelConfig.builder().gpuLayers(options.gpuLayers()).build();
    return Engine.start(model.path(), loading, config.toBuilder().isolation(Isolation.PROCESS).build());
  }

  /** What isolation adds to the time to first token, round by round, and how long a process takes to start. */
  private Map<String, Spread> differences(Model model, EngineConfig config, List<Row> rows) {
    Map<String, Spread> spreads = new LinkedHashMap<>();
    for (Row row : rows) {
      List<Double> added = new ArrayList<>();
      for (int i = 0; i < rounds; i++) {
        added.add(row.firstToken().ours().get(i) - row.firstToken().theirs().get(i));
      }
      spreads.put("added to TTFT, B=" + row.streams(), Spread.of(added));
    }
    List<Double> times = new ArrayList<>();
    for (int i = 0; i < starts; i++) {
      long begin = System.nanoTime();
      Engine engine = isolated(model, config);
      times.add((System.nanoTime() - begin) / 1e6);
      engine.close();
    }
    if (!times.isEmpty()) {
      spreads.put("start of the process", Spread.of(times));
    }
    return spreads;
  }

  private Result measure(TextGenerator engine, Requests requests, int streams) throws InterruptedException {
    List<Double> rates = new ArrayList<>();
    List<Double> firsts = new ArrayList<>();
    for (int i = 0; i < repetitions; i++) {
      long start = System.nanoTime();
      List<Reader> readers = read(engine, requests, streams);
      rates.add(streams * tokens / ((System.nanoTime() - start) / 1e9));
      List<Double> waits = new ArrayList<>();
      for (Reader reader : readers) {
        Requests.require(reader.end(), tokens);
        waits.add((reader.firstArrival() - reader.submitted()) / 1e6);
      }
      firsts.add(Spread.of(waits).median());
    }
    return new Result(Spread.of(rates).median(), Spread.of(firsts).median());
  }

  /** Submits each request on a thread of its own, as a server does, and reads all answers to their ends. */
  private List<Reader> read(TextGenerator engine, Requests requests, int streams) throws InterruptedException {
    List<Reader> readers = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int stream = 0; stream < streams; stream++) {
      CompletionRequest request = requests.random(PROMPT, tokens);
      threads.add(Thread.ofVirtual().start(() -> readers.add(Reader.start(engine, request))));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    if (readers.size() < streams) {
      throw new IllegalStateException("a request was refused; the reason was printed");
    }
    for (Reader reader : readers) {
      reader.join();
    }
    return readers;
  }
}
