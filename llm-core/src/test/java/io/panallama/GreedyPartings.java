package io.panallama;

import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Completion;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.observe.EngineState;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Kills workers under long greedy answers without log-probabilities, and measures where the answers part from those of an engine
 * that computes each alone and undisturbed: how far the token that came and the one that was expected are apart, computed once more after
 * the same tokens. Run by hand: {@code java ... io.panallama.GreedyPartings SEED SECONDS [control]}.
 *
 * <p>With {@code control} nothing is killed, so what parts then does so because the streams share steps.
 */
final class GreedyPartings {
  private static final int STREAMS = 8;
  private static final int QUESTIONS = 16;
  private static final int TOKENS = 900;
  private static final int CONTEXT = 1024;
  private static final int CANDIDATES = 20;

  /** The most tokens of all streams between two kills. */
  private static final int MOST_TOKENS = 4000;

  private static final GenerationOptions GREEDY =
      GenerationOptions.builder()
          .sampling(Sampling.builder().temperature(0).ignoreEnd(true).build())
          .maxTokens(TOKENS)
          .build();

  /** An undisturbed answer. */
  private record Known(String text, int[] prompt, int[] tokens) {}

  /** Where a disturbed answer leaves it; {@code margin} is NaN if no candidate continues the answer. */
  private record Parting(int question, int resumed, int token, double margin) {}

  private static final Logger LOG = Logger.getLogger("io.panallama");

  private final Engine undisturbed;
  private final IsolatedEngine victim;
  private final Random random;
  private final Map<Integer, Known> known = new HashMap<>();
  private final List<Parting> partings = Collections.synchronizedList(new ArrayList<>());
  private volatile boolean enough;
  private int kills;

  private GreedyPartings(Engine undisturbed, IsolatedEngine victim, Random random) {
    this.undisturbed = undisturbed;
    this.victim = victim;
    this.random = random;
  }

  /** Runs. */
  public static void main(String... arguments) throws Exception {
    long seed = Long.parseLong(arguments[0]);
    long nanos = TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[1]));
    boolean control = arguments.length > 2;
    // A warning for each worker that is killed.
    LOG.setLevel(Level.OFF);
    Path reports = Files.createTempDirectory("partings");
    EngineConfig config =
        TestEngines.config().toBuilder()
            .slots(STREAMS)
            .contextSize(STREAMS * CONTEXT)
            .spill(SpillConfig.none())
            .build();
    IsolationConfig isolation = IsolationConfig.builder().reports(reports).build();
    try (Engine undisturbed = Engine.start(TestFiles.demoModel(), config);
        Engine victim =
            Engine.start(
                TestFiles.demoModel(),
                config.toBuilder().isolation(Isolation.PROCESS).isolationConfig(isolation).build())) {
      GreedyPartings run = new GreedyPartings(undisturbed, (IsolatedEngine) victim, new Random(seed));
      run.run(System.nanoTime() + nanos, control);
    }
  }

  private static CompletionRequest question(int number) {
    return CompletionRequest.of("Story number " + number + ": once upon a time there").with(GREEDY);
  }

  private void run(long end, boolean control) throws Exception {
    for (int number = 0; number < QUESTIONS; number++) {
      known.put(number, alone(number));
    }
    List<Integer> resumed = Collections.synchronizedList(new ArrayList<>());
    List<CompletableFuture<Void>> streams = new ArrayList<>();
    for (int stream = 0; stream < STREAMS; stream++) {
      int first = stream;
      streams.add(CompletableFuture.runAsync(() -> ask(first, resumed), task -> Thread.ofVirtual().start(task)));
    }
    while (System.nanoTime() - end < 0) {
      if (control) {
        Thread.sleep(100);
      } else {
        kill();
      }
    }
    enough = true;
    streams.forEach(CompletableFuture::join);
    List<Double> margins = new ArrayList<>(partings.stream().map(Parting::margin).toList());
    Collections.sort(margins);
    System.out.printf(
        "%d kills, %d answers, resumed %d times, %d parted; margins %s%n",
        kills, resumed.size(), resumed.stream().mapToInt(Integer::intValue).sum(), partings.size(), margins);
    partings.stream().filter(parting -> !(parting.margin() <= 0.1)).forEach(System.out::println);
  }

  /** The answer without log-probabilities, which must be the same with them, so that its tokens are known. */
  private Known alone(int number) {
    CompletionRequest request = question(number);
    String text = undisturbed.generate(request).await().text();
    Completion told = undisturbed.generate(request.with(request.options().toBuilder().topLogprobs(1).build())).await();
    if (!told.text().equals(text)) {
      System.out.println("question " + number + ": another answer with log-probabilities");
    }
    int[] tokens = told.logprobs().stream().mapToInt(one -> one.chosen().token()).toArray();
    int[] prompt = undisturbed.tokenize("Story number " + number + ": once upon a time there", true, false);
    return new Known(told.text(), prompt, tokens);
  }

  private void kill() throws Exception {
    long pid = awaitOther(0);
    long target = victim.stats().generatedTokens() + random.nextInt(MOST_TOKENS);
    while (victim.stats().generatedTokens() < target) {
      Thread.sleep(1);
    }
    new ProcessBuilder("kill", "-KILL", Long.toString(pid)).start().waitFor();
    kills++;
    awaitOther(pid);
  }

  private long awaitOther(long old) throws InterruptedException {
    long pid = victim.pid();
    while (pid == 0 || pid == old || victim.state() != EngineState.RUNNING) {
      Thread.sleep(1);
      pid = victim.pid();
    }
    return pid;
  }

  private void ask(int stream, List<Integer> resumed) {
    for (int turn = stream; !enough; turn += STREAMS) {
      int number = turn % QUESTIONS;
      StringBuilder text = new StringBuilder();
      int resumptions = 0;
      try (Generation generation = victim.generate(question(number))) {
        for (GenerationEvent event : generation) {
          switch (event) {
            case GenerationEvent.Text piece -> text.append(piece.text());
            case GenerationEvent.Finished end -> resumptions = end.timings().resumed();
            default -> throw new IllegalStateException("unexpected: " + event);
          }
        }
      }
      resumed.add(resumptions);
      Parting parting = parting(number, resumptions, text.toString());
      if (parting != null) {
        partings.add(parting);
      }
    }
  }

  private Parting parting(int number, int resumed, String answer) {
    Known expected = known.get(number);
    if (answer.equals(expected.text())) {
      return null;
    }
    byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
    int common = Arrays.mismatch(bytes, expected.text().getBytes(StandardCharsets.UTF_8));
    int at = 0;
    int begin = 0;
    while (begin + undisturbed.tokenBytes(expected.tokens()[at]).length <= common) {
      begin += undisturbed.tokenBytes(expected.tokens()[at++]).length;
    }
    double best = Double.NaN;
    List<TokenLogprob> candidates = next(expected, at);
    for (TokenLogprob candidate : candidates) {
      byte[] piece = undisturbed.tokenBytes(candidate.token());
      int end = Math.min(bytes.length, begin + piece.length);
      boolean fits = piece.length > 0 && Arrays.equals(piece, 0, piece.length, bytes, begin, end);
      // The likeliest of all may be an end, which is ignored.
      double margin = Math.abs(expectedLogprob(candidates, expected.tokens()[at]) - candidate.logprob());
      if (fits && candidate.token() != expected.tokens()[at] && !(best <= margin)) {
        best = margin;
      }
    }
    return new Parting(number, resumed, at, best);
  }

  private static double expectedLogprob(List<TokenLogprob> candidates, int token) {
    return candidates.stream()
        .filter(candidate -> candidate.token() == token)
        .mapToDouble(TokenLogprob::logprob)
        .findFirst()
        .orElse(Double.NaN);
  }

  private List<TokenLogprob> next(Known expected, int count) {
    int[] all = Arrays.copyOf(expected.prompt(), expected.prompt().length + count);
    System.arraycopy(expected.tokens(), 0, all, expected.prompt().length, count);
    GenerationOptions one = GREEDY.toBuilder().maxTokens(1).topLogprobs(CANDIDATES).build();
    List<TokenLogprobs> step = undisturbed.generate(CompletionRequest.of(all).with(one)).await().logprobs();
    return step.getFirst().top();
  }
}
