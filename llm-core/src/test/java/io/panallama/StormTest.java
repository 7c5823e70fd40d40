package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.EngineConfig;
import io.panallama.observe.EngineState;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.Fuzzing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Storms: threads that use a model, its engines, sessions and generations in every way, while others close them in any
 * order and interrupt the users. Nobody may hang or see anything but the errors that the contracts name; everything is
 * freed afterwards, and an engine that stands beside it answers as before. {@link Fuzzing} says how to run it for
 * longer.
 */
@Tag("fuzz")
class StormTest {
  private static final int FEW = 8;

  /** The most actions of all users before the first of them is interrupted, or something is closed. */
  private static final int MOST_ACTIONS = 100;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final ChatRequest CONTROL =
      ChatRequest.of("What is the capital of France?")
          .with(GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(24).build());

  @TempDir private Path folder;

  private final Map<String, Integer> outcomes = Collections.synchronizedMap(new TreeMap<>());

  @Test
  @Timeout(value = 3, unit = TimeUnit.HOURS)
  void everythingIsUsedWhileItIsClosed() throws Exception {
    Random random = new Random(Fuzzing.seed());
    long began = System.nanoTime();
    int episodes = 0;
    try (Model model = Model.load(TestFiles.demoModel());
        Engine steady = Engine.start(model, TestEngines.config())) {
      String expected = steady.generate(CONTROL).await().text();
      episode(random.nextLong(), -1);
      int threads = threads();
      long descriptors = descriptors();
      for (; Fuzzing.goesOn(episodes, FEW, began); episodes++) {
        long seed = random.nextLong();
        List<String> faults = episode(seed, episodes);
        assertThat(faults).as("episode %s with seed %s", episodes, seed).isEmpty();
        assertThat(steady.generate(CONTROL).await().text()).as("episode %s", episodes).isEqualTo(expected);
        assertThat(steady.stats().running() + steady.stats().waiting()).isZero();
      }
      assertThat(settled(threads)).as("threads of engines").isLessThanOrEqualTo(threads);
      assertThat(descriptors()).as("descriptors").isLessThanOrEqualTo(descriptors + 8);
      System.out.println(episodes + " storms with seed " + Fuzzing.seed() + ": " + outcomes);
    }
    if (episodes >= FEW) {
      assertThat(outcomes).containsKeys("answered", "EngineClosedException", "GenerationException ENGINE_CLOSED");
    }
  }

  /** One model, one or two engines, their users, and those who close them; what went wrong. */
  private List<String> episode(long seed, int number) throws Exception {
    Random random = new Random(seed);
    Model model = Model.load(TestFiles.demoModel());
    List<Engine> engines = new ArrayList<>();
    for (int i = 1 + random.nextInt(2); i > 0; i--) {
      EngineConfig config =
          TestEngines.config().toBuilder()
              .slots(1 + random.nextInt(6))
              .contextSize(512 << random.nextInt(3))
              .queueLimit(random.nextInt(20))
              .reusePrefixes(random.nextInt(4) > 0)
              .build();
      engines.add(Engine.start(model, config));
    }
    List<StormUser> users = new ArrayList<>();
    for (int i = 3 + random.nextInt(10); i > 0; i--) {
      Path file = folder.resolve("session-" + number + "-" + i);
      users.add(StormUser.start(model, engines, file, random.nextLong(), outcomes));
    }
    awaitActions(users, random.nextInt(MOST_ACTIONS));
    List<Runnable> blows = new ArrayList<>();
    for (int i = random.nextInt(users.size()); i > 0; i--) {
      blows.add(users.get(random.nextInt(users.size()))::interrupt);
    }
    Collections.shuffle(blows, random);
    List<Runnable> closings = new ArrayList<>(engines.stream().<Runnable>map(engine -> engine::close).toList());
    closings.add(model::close);
    if (random.nextBoolean()) {
      closings.add(engines.getFirst()::close);
      closings.add(model::close);
    }
    Collections.shuffle(closings, random);
    blows.addAll(closings);
    inParallel(blows, 1 + random.nextInt(3), random);
    List<String> faults = new ArrayList<>();
    for (StormUser user : users) {
      user.awaitEnd(PATIENCE).ifPresent(faults::add);
    }
    for (Engine engine : engines) {
      if (engine.state() != EngineState.CLOSED) {
        faults.add("an engine is " + engine.state());
      }
    }
    if (!model.handle().isClosed()) {
      faults.add("the model is not freed");
    }
    return faults;
  }

  /** Waits until the users have done this many things, or one of them has found a fault. */
  private static void awaitActions(List<StormUser> users, int count) throws InterruptedException {
    while (users.stream().mapToInt(StormUser::actions).sum() < count && users.stream().allMatch(StormUser::isRunning)) {
      Thread.sleep(1);
    }
  }

  /** Runs these on some threads, with pauses of up to 30 ms; returns when all have returned. */
  private static void inParallel(List<Runnable> blows, int threads, Random random) throws Exception {
    List<CompletableFuture<Void>> running = new ArrayList<>();
    for (int thread = 0; thread < threads; thread++) {
      int first = thread;
      Random own = new Random(random.nextLong());
      running.add(
          CompletableFuture.runAsync(
              () -> {
                for (int i = first; i < blows.size(); i += threads) {
                  pause(own.nextInt(30));
                  blows.get(i).run();
                }
              },
              task -> Thread.ofPlatform().name("storm").start(task)));
    }
    CompletableFuture.allOf(running.toArray(CompletableFuture<?>[]::new)).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private static void pause(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }

  /** The threads of this library; threads that are ending get some time. */
  private static int settled(int expected) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (threads() > expected && System.nanoTime() < deadline) {
      Thread.sleep(10);
    }
    return threads();
  }

  private static int threads() {
    return (int)
        Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("panallama")).count();
  }

  private static long descriptors() throws Exception {
    Path open = Path.of("/proc/self/fd");
    if (!Files.isDirectory(open)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(open)) {
      return all.count();
    }
  }
}
