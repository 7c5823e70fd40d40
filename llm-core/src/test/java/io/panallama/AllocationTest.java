package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.panallama.config.EngineConfig;
import io.panallama.generation.Generation;
import io.panallama.request.CompletionRequest;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a token costs the Java heap. */
@Timeout(120)
class AllocationTest {
  private static final int STEPS = 1_000;
  private static final int SEQUENCES = 8;

  /** The compiler needs a while until it has seen everything; what it then leaves must be nothing. */
  private static final int ATTEMPTS = 30;

  @TempDir Path folder;

  @Test
  void aSteadyStepOfEightSequencesAllocatesNothingOnTheEngineThread() throws InterruptedException {
    TinySpec spec = TinySpec.defaults().withEnd(TinySpec.End.NEVER).withContextLength(2 * STEPS);
    EngineConfig config =
        TestEngines.config().toBuilder()
            .slots(SEQUENCES)
            .contextSize(SEQUENCES * 2 * STEPS)
            .mailboxCapacity(2 * STEPS)
            .build();
    Set<Thread> others = engineThreads();
    try (Model model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec));
        Engine engine = Engine.start(model, config)) {
      long thread = threadStartedSince(others);
      long least = Long.MAX_VALUE;
      for (int attempt = 0; attempt < ATTEMPTS && least > 0; attempt++) {
        least = Math.min(least, bytesOfSteadySteps(engine, thread));
      }
      assertThat(least).as("bytes allocated by %d steps", STEPS).isZero();
    }
  }

  private static long bytesOfSteadySteps(Engine engine, long engineThread) throws InterruptedException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    List<Generation> running = new ArrayList<>();
    for (int i = 0; i < SEQUENCES; i++) {
      running.add(engine.generate(CompletionRequest.of(i + " prompt")));
    }
    awaitSteps(engine, engine.stats().steps() + 10);
    long bytes = threads.getThreadAllocatedBytes(engineThread);
    awaitSteps(engine, engine.stats().steps() + STEPS);
    long allocated = threads.getThreadAllocatedBytes(engineThread) - bytes;
    assertThat(engine.stats().running()).as("sequences at the end of the measured steps").isEqualTo(SEQUENCES);
    running.forEach(Generation::close);
    while (engine.stats().running() > 0) {
      Thread.sleep(1);
    }
    return allocated;
  }

  private static void awaitSteps(Engine engine, long steps) throws InterruptedException {
    while (engine.stats().steps() < steps) {
      Thread.sleep(1);
    }
  }

  /** The threads of all engines that are there, also of those that another test has forgotten. */
  private static Set<Thread> engineThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("panallama-engine-\\d+"))
        .collect(Collectors.toSet());
  }

  /** The thread of the one engine that was started since. */
  private static long threadStartedSince(Set<Thread> before) {
    Set<Thread> started = engineThreads();
    started.removeAll(before);
    assertThat(started).as("engine threads started by this test").hasSize(1);
    return started.iterator().next().threadId();
  }
}
