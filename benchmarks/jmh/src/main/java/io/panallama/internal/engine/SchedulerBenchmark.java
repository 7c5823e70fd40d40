package io.panallama.internal.engine;

import io.panallama.internal.cache.PrefixCache;
import io.panallama.internal.schedule.Scheduler;
import io.panallama.internal.schedule.StepBudget;
import io.panallama.internal.schedule.StepPlan;
import io.panallama.jmh.LauncherJvm;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Plans a step. */
@State(Scope.Thread)
public class SchedulerBenchmark extends LauncherJvm {
  private static final int BATCH = 512;

  @Param({"1", "8", "32"})
  public int sequences;

  private final List<Sequence> generating = new ArrayList<>();
  private final List<Sequence> mixed = new ArrayList<>();
  private Scheduler<Sequence> scheduler;
  private StepPlan<Sequence> plan;

  @Setup
  public void fill() {
    PrefixCache cache = Sequences.cache(2 * sequences);
    for (int i = 0; i < sequences; i++) {
      generating.add(Sequences.generating(cache, i, 100));
      mixed.add(i % 4 == 0 ? Sequences.prefilling(cache, i, 10_000) : Sequences.generating(cache, i, 100));
    }
    scheduler = new Scheduler<>(BATCH, new StepBudget(BATCH, sequences, 0, 0));
    plan = new StepPlan<>(sequences);
  }

  /** All sequences generate. */
  @Benchmark
  public StepPlan<Sequence> planGenerating() {
    scheduler.plan(generating, 0, plan);
    return plan;
  }

  /** Every fourth one, beginning with the first, has a long prompt. */
  @Benchmark
  public StepPlan<Sequence> planWithPrompts() {
    scheduler.plan(mixed, 0, plan);
    return plan;
  }
}
