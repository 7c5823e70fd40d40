package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.request.GenerationOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SchedulerTest {
  private static final int NO_LIMIT = Integer.MAX_VALUE;

  private static Work sequence(int promptLength) {
    return sequence(promptLength, GenerationOptions.DEFAULT_PRIORITY, Schedulable.NO_DEADLINE);
  }

  private static Work sequence(int promptLength, int priority, long deadline) {
    return new Work(promptLength, priority, deadline);
  }

  /** A sequence that has generated a token and misses just that one. */
  private static Work generating() {
    Work sequence = sequence(5);
    sequence.computed(5);
    sequence.append();
    return sequence;
  }

  private static StepBudget unlimited(int batch, int slots) {
    return new StepBudget(batch, slots, 0);
  }

  private static Scheduler<Work> scheduler(int batch, int slots) {
    return new Scheduler<>(batch, unlimited(batch, slots));
  }

  private static StepPlan<Work> plan(int batch, int promptLimit, Work... active) {
    StepPlan<Work> plan = new StepPlan<>(active.length);
    scheduler(batch, active.length).plan(List.of(active), 0, promptLimit, plan);
    return plan;
  }

  private static void compute(StepPlan<Work> plan) {
    for (int i = 0; i < plan.size(); i++) {
      Work sequence = plan.sequence(i);
      boolean completes = plan.completes(i);
      sequence.computed(plan.count(i));
      if (completes) {
        sequence.append();
      }
    }
  }

  @Test
  void everyGeneratingSequenceGetsItsTokenBeforeAnyPrompt() {
    Work prompt = sequence(1000);
    Work first = generating();
    Work second = generating();
    StepPlan<Work> plan = plan(16, NO_LIMIT, prompt, first, second);
    assertThat(plan.planned(first)).isEqualTo(1);
    assertThat(plan.planned(second)).isEqualTo(1);
    assertThat(plan.planned(prompt)).isEqualTo(14);
    assertThat(plan.generating()).isEqualTo(2);
    assertThat(plan.promptTokens()).isEqualTo(14);
  }

  @Test
  void whatAShortPromptDoesNotNeedGoesToTheLongOnes() {
    Work small = sequence(4);
    Work large = sequence(1000);
    StepPlan<Work> plan = plan(64, NO_LIMIT, large, small);
    assertThat(plan.planned(small)).isEqualTo(4);
    assertThat(plan.planned(large)).isEqualTo(60);
  }

  @Test
  void aPausedSequenceTakesNoPartInAStep() {
    Work paused = generating();
    paused.paused = true;
    Work other = generating();
    StepPlan<Work> plan = plan(16, NO_LIMIT, paused, other);
    assertThat(plan.planned(paused)).isZero();
    assertThat(plan.planned(other)).isEqualTo(1);
  }

  @Test
  void plansStayWithinTheirBudgetsAndWasteNothing() {
    Random random = new Random(5);
    for (int round = 0; round < 2_000; round++) {
      List<Work> active = new ArrayList<>();
      int generating = 0;
      long missing = 0;
      for (int i = 1 + random.nextInt(8); i > 0; i--) {
        if (random.nextBoolean()) {
          active.add(generating());
          generating++;
        } else {
          long deadline = random.nextBoolean() ? Schedulable.NO_DEADLINE : random.nextInt(1000);
          Work sequence = sequence(1 + random.nextInt(100), random.nextInt(10), deadline);
          active.add(sequence);
          missing += sequence.missing();
        }
      }
      int batch = active.size() + random.nextInt(64);
      int promptLimit = random.nextInt(80);
      StepPlan<Work> plan = new StepPlan<>(active.size());
      scheduler(batch, active.size()).plan(active, 0, promptLimit, plan);
      int total = 0;
      for (int i = 0; i < plan.size(); i++) {
        assertThat(plan.count(i)).isBetween(1, plan.sequence(i).missing());
        total += plan.count(i);
      }
      long prompts = Math.min(missing, Math.min(promptLimit, batch - generating));
      assertThat(plan.promptTokens()).isEqualTo((int) prompts);
      assertThat(total).isEqualTo(generating + (int) prompts);
    }
  }

  @Test
  void theSpreadOfEqualPromptsStaysWithinOneChunk() {
    for (int batch : new int[] {4, 16, 64, 512}) {
      List<Work> active = List.of(sequence(5000), sequence(5000), sequence(5000), sequence(5000));
      Scheduler<Work> scheduler = scheduler(batch, 4);
      StepPlan<Work> plan = new StepPlan<>(4);
      while (active.stream().noneMatch(Work::isGenerating)) {
        scheduler.plan(active, 0, NO_LIMIT, plan);
        compute(plan);
        int least = active.stream().mapToInt(Work::cached).min().orElseThrow();
        int most = active.stream().mapToInt(Work::cached).max().orElseThrow();
        assertThat(most - least).as("spread with a batch of %d", batch).isLessThanOrEqualTo(batch);
      }
    }
  }

  /** Eight at once: a prompt of 8,000 tokens and seven chats that begin and end, under every step budget. */
  @Test
  void noChatWaitsMoreThanTwoStepsForATurnBesideALongPrompt() {
    for (int limit : new int[] {4, 16, 33, 128, 512}) {
      Random random = new Random(limit);
      Work large = sequence(8000);
      List<Work> active = new ArrayList<>(List.of(large));
      int[] waited = new int[8];
      for (int i = 1; i < 8; i++) {
        active.add(sequence(10 + random.nextInt(300)));
      }
      Scheduler<Work> scheduler = scheduler(512, 8);
      StepPlan<Work> plan = new StepPlan<>(8);
      while (!large.isGenerating()) {
        scheduler.plan(active, 0, limit, plan);
        assertThat(plan.promptTokens()).as("progress").isPositive();
        for (int i = 1; i < 8; i++) {
          waited[i] = plan.planned(active.get(i)) > 0 ? 0 : waited[i] + 1;
          assertThat(waited[i]).as("steps that chat %d waited with a budget of %d", i, limit).isLessThanOrEqualTo(2);
        }
        compute(plan);
        for (int i = 1; i < 8; i++) {
          if (active.get(i).completionLength() > 20) {
            active.set(i, sequence(10 + random.nextInt(300)));
          }
        }
      }
    }
  }

  @Test
  void aNewPromptHasItsFirstTurnBeforeTheNextOneOfALongPrompt() {
    Work large = sequence(8000);
    List<Work> active = new ArrayList<>(List.of(large));
    Scheduler<Work> scheduler = scheduler(128, 2);
    StepPlan<Work> plan = new StepPlan<>(2);
    scheduler.plan(active, 0, NO_LIMIT, plan);
    compute(plan);
    Work chat = sequence(100);
    active.add(chat);
    scheduler.plan(active, 0, NO_LIMIT, plan);
    assertThat(plan.planned(chat)).isEqualTo(100);
  }

  @Test
  void anEndlessStreamOfNewPromptsDoesNotStopALongOne() {
    Work large = sequence(2000);
    Scheduler<Work> scheduler = scheduler(64, 8);
    StepPlan<Work> plan = new StepPlan<>(8);
    int steps = 0;
    while (!large.isGenerating()) {
      List<Work> active = new ArrayList<>(List.of(large));
      for (int i = 0; i < 7; i++) {
        active.add(sequence(100));
      }
      scheduler.plan(active, 0, NO_LIMIT, plan);
      compute(plan);
      steps++;
    }
    assertThat(steps).isLessThanOrEqualTo(2000 / (64 / 4 / 8) + 1);
  }

  @Test
  void theHigherPriorityIsServedFasterAndTheLowerStillMoves() {
    Work low = sequence(50_000, 0, Schedulable.NO_DEADLINE);
    Work high = sequence(50_000, 9, Schedulable.NO_DEADLINE);
    Scheduler<Work> scheduler = scheduler(128, 2);
    StepPlan<Work> plan = new StepPlan<>(2);
    for (int step = 0; step < 200; step++) {
      scheduler.plan(List.of(low, high), 0, NO_LIMIT, plan);
      compute(plan);
    }
    // Ten to one by their weights, less what is spread over all alike.
    assertThat((double) high.cached() / low.cached()).isBetween(3.0, 10.0);
  }

  @Test
  void shortPromptsGetWhatAStepHasRoomForBeyondTheBudgetOfLongOnes() {
    StepBudget budget = new StepBudget(512, 8, 50_000_000);
    // A token takes 0.2 ms: the chats are short, the prompt of 8,000 tokens is not.
    budget.measured(0, 500, false, 100_000_000);
    for (int generating = 1; generating <= 6; generating++) {
      budget.measured(generating, 0, false, 10_000_000);
    }
    Work large = sequence(8000);
    List<Work> chats = List.of(sequence(120), sequence(120));
    List<Work> active =
        List.of(generating(), generating(), generating(), generating(), large, chats.get(0), chats.get(1));
    Scheduler<Work> scheduler = new Scheduler<>(512, budget);
    StepPlan<Work> plan = new StepPlan<>(7);
    scheduler.plan(active, 0, NO_LIMIT, plan);
    assertThat(plan.isFilledUp()).isTrue();
    assertThat(plan.promptTokens()).as("40 ms of prompts").isEqualTo(200);
    assertThat(plan.planned(large)).isLessThanOrEqualTo(2);
    assertThat(plan.planned(chats.get(0))).as("one after the other").isEqualTo(120);
    compute(plan);
    scheduler.plan(active, 0, NO_LIMIT, plan);
    compute(plan);
    assertThat(chats).allMatch(Work::isGenerating);
    scheduler.plan(active, 0, NO_LIMIT, plan);
    assertThat(plan.isFilledUp()).isFalse();
    assertThat(plan.planned(large)).isBetween(1, 10);
  }

  @Test
  void theSpreadOfEqualShortPromptsStaysWithinOneChunk() {
    StepBudget budget = new StepBudget(512, 8, 50_000_000);
    budget.measured(0, 500, false, 100_000_000);
    budget.measured(6, 0, false, 10_000_000);
    List<Work> prompts = List.of(sequence(900), sequence(900), sequence(900));
    List<Work> active = new ArrayList<>(prompts);
    for (int i = 0; i < 6; i++) {
      active.add(generating());
    }
    Scheduler<Work> scheduler = new Scheduler<>(512, budget);
    StepPlan<Work> plan = new StepPlan<>(9);
    while (prompts.stream().noneMatch(Work::isGenerating)) {
      scheduler.plan(active, 0, NO_LIMIT, plan);
      assertThat(plan.promptTokens()).isLessThanOrEqualTo(200);
      compute(plan);
      int least = prompts.stream().mapToInt(Work::cached).min().orElseThrow();
      int most = prompts.stream().mapToInt(Work::cached).max().orElseThrow();
      assertThat(most - least).isLessThanOrEqualTo(200);
    }
  }

  @Test
  void aPromptThatWouldMissItsDeadlineGetsALargerShare() {
    StepBudget budget = unlimited(100, 4);
    budget.measured(0, 100, false, 100_000);
    Scheduler<Work> scheduler = new Scheduler<>(100, budget);
    // A token takes 1000 ns: alone the urgent prompt needs 2 ms, at a quarter of the steps 8.
    Work urgent = sequence(2000, 5, 4_500_000);
    List<Work> active = List.of(sequence(50_000), sequence(50_000), urgent, sequence(50_000));
    StepPlan<Work> plan = new StepPlan<>(4);
    long now = 0;
    while (!urgent.isGenerating()) {
      scheduler.plan(active, now, NO_LIMIT, plan);
      now += plan.promptTokens() * 1000L;
      compute(plan);
    }
    assertThat(now).isLessThanOrEqualTo(urgent.deadline());
  }
}
