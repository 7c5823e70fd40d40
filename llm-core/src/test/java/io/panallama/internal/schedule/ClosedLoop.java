package io.panallama.internal.schedule;

import io.panallama.request.GenerationOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/** Clients that ask again as soon as they are answered, and an engine whose steps take what a machine takes. */
final class ClosedLoop {
  private final Scheduler<Work> scheduler;
  private final StepBudget budget;
  private final int prompt;
  private final int answer;
  private final StepBudgetTest.Machine machine;
  private final IntToDoubleFunction disturbance;
  private final List<Work> active = new ArrayList<>();
  private final StepPlan<Work> plan;
  private final Map<Work, Long> last = new HashMap<>();
  private final List<Double> ttft = new ArrayList<>();
  private final List<Double> itl = new ArrayList<>();
  private long now;
  private long tokens;

  /**
   * @param disturbance how many times as long the calls of a step take
   */
  ClosedLoop(
      StepBudget budget,
      int clients,
      int prompt,
      int answer,
      StepBudgetTest.Machine machine,
      IntToDoubleFunction disturbance) {
    this.budget = budget;
    this.scheduler = new Scheduler<>(512, budget);
    this.prompt = prompt;
    this.answer = answer;
    this.machine = machine;
    this.disturbance = disturbance;
    this.plan = new StepPlan<>(clients);
    for (int i = 0; i < clients; i++) {
      active.add(request());
    }
  }

  private Work request() {
    return new Work(prompt, GenerationOptions.DEFAULT_PRIORITY, Schedulable.NO_DEADLINE, now);
  }

  void run(int steps) {
    for (int step = 0; step < steps; step++) {
      scheduler.plan(active, now, plan);
      double factor = disturbance.applyAsDouble(step);
      int generating = plan.generating();
      if (generating > 0) {
        long nanos = (long) (factor * machine.generate(generating));
        now += nanos;
        budget.generated(generating, nanos);
        compute(0, generating);
      }
      if (plan.size() > generating) {
        long nanos = (long) (factor * machine.prefill(plan.promptTokens()));
        now += nanos;
        budget.prefilled(generating, plan.promptTokens(), plan.longTokens(), nanos);
        compute(generating, plan.size());
      }
    }
  }

  private void compute(int first, int end) {
    for (int i = first; i < end; i++) {
      Work work = plan.sequence(i);
      boolean completes = plan.completes(i);
      work.computed(plan.count(i));
      if (!completes) {
        continue;
      }
      work.append();
      tokens++;
      Long before = last.put(work, now);
      if (before == null) {
        ttft.add((now - work.submitted()) / 1e6);
      } else {
        itl.add((now - before) / 1e6);
      }
      if (work.completionLength() == answer) {
        last.remove(work);
        active.set(active.indexOf(work), request());
      }
    }
  }

  double tokensPerSecond() {
    return tokens / (now / 1e9);
  }

  double ttftPercentile(int percent) {
    return percentile(ttft, percent);
  }

  double itlPercentile(int percent) {
    return percentile(itl, percent);
  }

  private static double percentile(List<Double> values, int percent) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.get(Math.min(sorted.size() - 1, sorted.size() * percent / 100));
  }
}
