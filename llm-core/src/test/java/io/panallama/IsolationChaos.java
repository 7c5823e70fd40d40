package io.panallama;

import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.generation.Completion;
import io.panallama.generation.TokenLogprobs;
import io.panallama.observe.EngineState;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sends signals to the worker of an isolated engine at random moments under sixteen streams, and compares every answer
 * with that of an engine that nobody disturbs. As a program: the number of signals, the seed, and the signals.
 *
 * <pre>java -cp ... io.panallama.IsolationChaos 100 1 KILL,SEGV,STOP</pre>
 */
final class IsolationChaos {
  private static final int STREAMS = 16;
  private static final int QUESTIONS = 40;

  /** Steps of other sizes round differently: two tokens that are this close may change places. */
  private static final float CLOSE_CALL = 0.1f;

  private final Engine undisturbed;
  private final IsolatedEngine victim;
  private final Random random;
  private final List<Completion> expected = new ArrayList<>();
  private final List<String> failures = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicInteger partings = new AtomicInteger();
  private final AtomicInteger resumed = new AtomicInteger();
  private final List<Long> pauses = new ArrayList<>();
  private volatile boolean enough;

  IsolationChaos(Engine undisturbed, IsolatedEngine victim, Random random) {
    this.undisturbed = undisturbed;
    this.victim = victim;
    this.random = random;
  }

  List<String> failures() {
    return failures;
  }

  int resumed() {
    return resumed.get();
  }

  private static ChatRequest question(int number, int topLogprobs) {
    GenerationOptions options =
        GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(200).topLogprobs(topLogprobs).build();
    return ChatRequest.of("Tell me a story about the number " + number + ".").with(options);
  }

  /** Sends this many signals, each to a new worker. */
  void run(int signals, List<String> names) throws InterruptedException, IOException {
    for (int number = 0; number < QUESTIONS; number++) {
      expected.add(undisturbed.generate(question(number, 2)).await());
    }
    List<CompletableFuture<Void>> streams = new ArrayList<>();
    for (int stream = 0; stream < STREAMS; stream++) {
      int first = stream;
      streams.add(CompletableFuture.runAsync(() -> ask(first), task -> Thread.ofVirtual().start(task)));
    }
    for (int i = 0; i < signals; i++) {
      long pid = awaitOther(0);
      if (random.nextInt(3) > 0) {
        // Otherwise the signal may come while the worker has not generated anything yet.
        awaitTokens();
      }
      Thread.sleep(random.nextInt(200));
      long sent = System.nanoTime();
      new ProcessBuilder("kill", "-" + names.get(i % names.size()), Long.toString(pid)).start().waitFor();
      awaitOther(pid);
      pauses.add(System.nanoTime() - sent);
    }
    enough = true;
    streams.forEach(CompletableFuture::join);
  }

  private void awaitTokens() throws InterruptedException {
    long before = victim.stats().generatedTokens();
    while (victim.stats().generatedTokens() == before) {
      Thread.sleep(1);
    }
  }

  private long awaitOther(long old) throws InterruptedException {
    long pid = victim.pid();
    while (pid == 0 || pid == old || victim.state() != EngineState.RUNNING) {
      Thread.sleep(1);
      pid = victim.pid();
      if (victim.state() == EngineState.FAILED) {
        throw new IllegalStateException("the engine has failed; failures so far: " + failures);
      }
    }
    return pid;
  }

  private void ask(int stream) {
    for (int turn = stream; !enough; turn += STREAMS) {
      int number = turn % QUESTIONS;
      try {
        Completion answer = victim.generate(question(number, turn % 2 == 0 ? 2 : 0)).await();
        answers.incrementAndGet();
        resumed.addAndGet(answer.timings().resumed());
        compare(number, expected.get(number), answer);
      } catch (RuntimeException failure) {
        failures.add("question " + number + ": " + failure);
        return;
      }
    }
  }

  private void compare(int number, Completion here, Completion there) {
    int parting = there.logprobs().isEmpty() ? partingOfText(here, there) : partingOfTokens(here, there);
    if (parting < 0) {
      if (there.usage().completionTokens() != here.usage().completionTokens()) {
        failures.add("question " + number + " has another number of tokens");
      }
      return;
    }
    partings.incrementAndGet();
    TokenLogprobs token = here.logprobs().get(parting);
    float margin = token.top().get(0).logprob() - token.top().get(1).logprob();
    if (margin > CLOSE_CALL) {
      failures.add(
          "question "
              + number
              + " parts at token "
              + parting
              + ", where the margin is "
              + margin
              + ":\n"
              + here.text()
              + "\n"
              + there.text());
    }
  }

  private static int partingOfTokens(Completion here, Completion there) {
    int length = Math.min(here.logprobs().size(), there.logprobs().size());
    for (int i = 0; i < length; i++) {
      if (here.logprobs().get(i).chosen().token() != there.logprobs().get(i).chosen().token()) {
        return i;
      }
    }
    return here.logprobs().size() == there.logprobs().size() ? -1 : Math.min(length, here.logprobs().size() - 1);
  }

  private int partingOfText(Completion here, Completion there) {
    byte[] expectedBytes = here.text().getBytes(StandardCharsets.UTF_8);
    int parting = Arrays.mismatch(expectedBytes, there.text().getBytes(StandardCharsets.UTF_8));
    if (parting < 0) {
      return -1;
    }
    int position = 0;
    for (int i = 0; i < here.logprobs().size(); i++) {
      position += undisturbed.tokenBytes(here.logprobs().get(i).chosen().token()).length;
      if (position > parting) {
        return i;
      }
    }
    return here.logprobs().size() - 1;
  }

  private String summary() {
    List<Long> sorted = new ArrayList<>(pauses);
    Collections.sort(sorted);
    return pauses.size()
        + " signals, "
        + answers
        + " answers, "
        + resumed
        + " resumptions, "
        + partings
        + " partings at close calls, "
        + failures.size()
        + " failures; pause in ms: median "
        + sorted.get(sorted.size() / 2) / 1_000_000
        + ", longest "
        + sorted.getLast() / 1_000_000;
  }

  public static void main(String[] arguments) throws InterruptedException, IOException {
    EngineConfig config = EngineConfig.builder().slots(8).queueLimit(64).build();
    EngineConfig isolated =
        config.toBuilder()
            .isolation(Isolation.PROCESS)
            .isolationConfig(IsolationConfig.builder().silenceLimit(Duration.ofSeconds(2)).build())
            .build();
    try (Model model = Model.load(TestFiles.demoModel());
        Engine undisturbed = Engine.start(model, config);
        IsolatedEngine victim = (IsolatedEngine) Engine.start(TestFiles.demoModel(), isolated)) {
      IsolationChaos chaos = new IsolationChaos(undisturbed, victim, new Random(Long.parseLong(arguments[1])));
      chaos.run(Integer.parseInt(arguments[0]), List.of(arguments[2].split(",")));
      chaos.failures().forEach(System.out::println);
      System.out.println(chaos.summary());
    }
  }
}
