package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
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
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What a token costs the Java heap. */
@ParameterizedClass
@EnumSource(
    value = KvLayout.class,
    names = {"UNIFIED", "SPLIT"})
@Timeout(600)
class AllocationTest {
  @Parameter private KvLayout layout;

  private static final int STEPS = 1_000;
  private static final int SEQUENCES = 8;

  /** What a sequence may have: it goes on while this thread is late. */
  private static final int ROOM = 4 * STEPS;

  /** The compiler needs a while until it has seen everything; what it then leaves must be nothing. */
  private static final int ATTEMPTS = 30;

  @TempDir Path folder;

  @Test
  void aSteadyStepOfEightSequencesAllocatesNothingOnTheEngineThread() throws InterruptedException {
    TinySpec spec = TinySpec.defaults().withEnd(TinySpec.End.NEVER).withContextLength(ROOM);
    EngineConfig config =
        TestEngines.config().toBuilder()
            .kvLayout(layout)
            .slots(SEQUENCES)
            .contextSize(SEQUENCES * ROOM)
            .mailboxCapacity(ROOM)
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

  /** The bytes that these steps took; the largest number if sequences ended meanwhile. */
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
    // On a busy machine this thread may come so late that contexts are full.
    boolean steady = engine.stats().running() == SEQUENCES;
    running.forEach(Generation::close);
    while (engine.stats().running() > 0) {
      Thread.sleep(1);
    }
    return steady ? allocated : Long.MAX_VALUE;
  }

  /** Waits for a step, or until no sequence is left. */
  private static void awaitSteps(Engine engine, long steps) throws InterruptedException {
    while (engine.stats().steps() < steps && engine.stats().running() + engine.stats().waiting() > 0) {
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
