package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.Session;
import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import io.panallama.generation.TokenLogprobs;
import io.panallama.load.measure.Requests;
import io.panallama.load.measure.Spread;
import io.panallama.observe.EngineStats;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Measures the cost of idle sessions and of resuming them: many sessions are opened and left idle until most of their KV
 * states are on disk; some are then resumed, by the engine that created them and by one that was started later.
 */
@Command(
    name = "sessions",
    description = "Measures heap and disk of idle sessions, and resuming them from memory and disk.",
    mixinStandardHelpOptions = true)
final class SessionsProgram implements Callable<Integer> {
  private static final int ANSWER = 8;
  private static final int CONTINUED = 4;
  private static final float TIE = 0.02f;

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--sessions", description = "Default ${DEFAULT-VALUE}.")
  private int count = 10_000;

  @Option(names = "--tokens", description = "Tokens of each session's first prompt; default ${DEFAULT-VALUE}.")
  private int tokens = 120;

  @Option(names = "--wake", description = "Sessions that each engine resumes; default ${DEFAULT-VALUE}.")
  private int wake = 200;

  @Option(names = "--memory", paramLabel = "MIB", description = "SpillConfig.memoryBytes; default ${DEFAULT-VALUE}.")
  private int memory = 64;

  @Option(names = "--disk", paramLabel = "MIB", description = "SpillConfig.diskBytes; default ${DEFAULT-VALUE}.")
  private int disk = 8192;

  /** The results of resuming some sessions. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Wakings(double[] firstTokens, int cached, int prompts, int equal) {}

  @Override
  public Integer call() throws IOException {
    Path folder = Files.createTempDirectory("panallama-sessions");
    try (Model model = options.load()) {
      run(model, folder);
    } finally {
      delete(folder);
    }
    return 0;
  }

  private void run(Model model, Path folder) throws IOException {
    SpillConfig spill = SpillConfig.toMemory((long) memory << 20).toBuilder().disk(folder, (long) disk << 20).build();
    EngineConfig config = options.config().slots(8).spill(spill).build();
    Requests requests = new Requests(model);
    Random random = new Random(2);
    List<int[]> asleep = new ArrayList<>();
    Report report;
    Map<String, Object> sizes = new LinkedHashMap<>();
    Map<String, Wakings> wakings = new LinkedHashMap<>();
    try (Engine scratch = Engine.start(model, config.toBuilder().reusePrefixes(false).build())) {
      try (Engine engine = Engine.start(model, config)) {
        report = new Report("sessions", options.facts(engine));
        long before = usedHeap();
        List<Session> sessions = open(engine, requests, report);
        long bytes = usedHeap() - before;
        EngineStats stats = engine.stats();
        sizes.put("sessions", count);
        sizes.put("tokens per session", sessions.getFirst().position());
        sizes.put("heap bytes per session", bytes / count);
        sizes.put("MiB in memory", stats.spilledBytes() >> 20);
        sizes.put("MiB on disk", stats.diskBytes() >> 20);
        wakings.put("woken by the same engine", wake(sessions, requests, scratch, random));
        sessions.forEach(session -> asleep.add(session.tokens()));
      }
      try (Engine later = Engine.start(model, config)) {
        awaitIndex(later, sizes);
        List<Session> sessions = asleep.stream().map(later::openSession).toList();
        wakings.put("woken after a restart", wake(sessions, requests, scratch, random));
      }
    }
    Map<String, Spread> spreads = new LinkedHashMap<>();
    wakings.forEach((name, waking) -> {
      spreads.put("TTFT, " + name, Spread.of(waking.firstTokens()));
      sizes.put("equal answers, " + name, waking.equal() + " of " + wake);
      sizes.put("cached tokens, " + name, waking.cached() + " of " + waking.prompts());
    });
    report.counts(sizes);
    report.spreads("ms", spreads);
    report.write(options.json());
  }

  private List<Session> open(Engine engine, Requests requests, Report report) {
    List<Session> sessions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Session session = engine.openSession();
      session.generate(requests.random(tokens, ANSWER)).await();
      sessions.add(session);
      if ((i + 1) % 1000 == 0) {
        report.progress("%d sessions", i + 1);
      }
    }
    return sessions;
  }

  /** Resumes sessions in random order, and has an engine without reuse answer the same prompts. */
  private Wakings wake(List<Session> sessions, Requests requests, Engine scratch, Random random) {
    double[] firstTokens = new double[wake];
    int cached = 0;
    int prompts = 0;
    int equal = 0;
    for (int i = 0; i < wake; i++) {
      Session session = sessions.get(random.nextInt(sessions.size())).fork();
      var answer = session.generate(requests.random(CONTINUED, ANSWER)).await();
      int[] prompt = Arrays.copyOf(session.tokens(), answer.usage().promptTokens());
      CompletionRequest whole = CompletionRequest.of(prompt).with(requests.random(1, ANSWER).options());
      firstTokens[i] = answer.timings().timeToFirstToken().toNanos() / 1e6;
      cached += answer.usage().cachedTokens();
      prompts += answer.usage().promptTokens();
      equal += isSame(session.tokens(), prompt.length, scratch, whole) ? 1 : 0;
    }
    return new Wakings(firstTokens, cached, prompts, equal);
  }

  /**
   * Whether an engine without reuse gives the same answer. Where the two part, its two best tokens must have been a tie:
   * batches of other sizes are computed by other kernels, which change the last bits of the logits.
   *
   * @param tokens the prompt and the answer of a session
   * @param at where the answer begins
   */
  private static boolean isSame(int[] tokens, int at, Engine scratch, CompletionRequest whole) {
    GenerationOptions options = whole.options().toBuilder().topLogprobs(2).build();
    int next = at;
    for (TokenLogprobs expected : scratch.generate(whole.with(options)).await().logprobs()) {
      if (next < tokens.length && tokens[next] != expected.chosen().token()) {
        return expected.top().get(0).logprob() - expected.top().get(1).logprob() < TIE;
      }
      next++;
    }
    return true;
  }

  /** Waits until the engine has found all its files, which it does in the background, before anything is measured. */
  private static void awaitIndex(Engine engine, Map<String, Object> sizes) {
    long began = System.nanoTime();
    long bytes = -1;
    while (bytes != engine.stats().diskBytes() || bytes == 0) {
      bytes = engine.stats().diskBytes();
      try {
        Thread.sleep(Duration.ofMillis(500));
      } catch (InterruptedException interrupt) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    sizes.put("s to find the files again", (System.nanoTime() - began) / 1_000_000_000);
    sizes.put("MiB found again", bytes >> 20);
  }

  private static long usedHeap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
