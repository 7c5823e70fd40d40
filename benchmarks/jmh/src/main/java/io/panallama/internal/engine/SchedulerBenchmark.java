package io.panallama.internal.engine;

import io.panallama.jmh.LauncherJvm;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Planning a step. */
@State(Scope.Thread)
public class SchedulerBenchmark extends LauncherJvm {
  private static final int BATCH = 512;

  @Param({"1", "8", "32"})
  public int sequences;

  private final List<Sequence> generating = new ArrayList<>();
  private final List<Sequence> mixed = new ArrayList<>();
  private Scheduler scheduler;
  private StepPlan plan;

  private EngineLoop idle;

  @Setup
  public void fill() {
    idle =
        EngineLoop.start(
            new EngineSettings("jmh-idle", 1, 0, 16), Sequences.pieces(), () -> new InstantDecoder(1, BATCH));
    for (int i = 0; i < sequences; i++) {
      generating.add(Sequences.generating(idle, i, 100));
      mixed.add(i % 4 == 0 ? Sequences.prefilling(idle, i, 10_000) : Sequences.generating(idle, i, 100));
    }
    scheduler = new Scheduler(BATCH, new StepBudget(BATCH, sequences, 0));
    plan = new StepPlan(sequences);
  }

  @TearDown
  public void close() {
    idle.close();
  }

  /** All generate. */
  @Benchmark
  public StepPlan planGenerating() {
    scheduler.plan(generating, 0, BATCH, plan);
    return plan;
  }

  /** Every fourth one, beginning with the first, has a long prompt. */
  @Benchmark
  public StepPlan planWithPrompts() {
    scheduler.plan(mixed, 0, BATCH, plan);
    return plan;
  }
}
