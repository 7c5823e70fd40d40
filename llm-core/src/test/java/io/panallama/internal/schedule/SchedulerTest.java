package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.request.GenerationOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SchedulerTest {
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
    return new StepBudget(batch, slots, 0, 500_000_000);
  }

  /** A budget that has measured 0.2 ms per prompt token, and 10 ms for each number of running generations. */
  private static StepBudget measured(int batch, int slots) {
    StepBudget budget = new StepBudget(batch, slots, 50_000_000, 500_000_000);
    for (int tokens = 1; tokens <= batch; tokens *= 2) {
      budget.prefilled(0, tokens, 0, 200_000L * tokens);
    }
    for (int generating = 1; generating <= slots; generating++) {
      budget.generated(generating, 10_000_000);
    }
    return budget;
  }

  private static Scheduler<Work> scheduler(int batch, int slots) {
    return new Scheduler<>(batch, unlimited(batch, slots));
  }

  private static StepPlan<Work> plan(int batch, Work... active) {
    StepPlan<Work> plan = new StepPlan<>(active.length);
    scheduler(batch, active.length).plan(List.of(active), 0, plan);
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
    StepPlan<Work> plan = plan(16, prompt, first, second);
    assertThat(plan.planned(first)).isEqualTo(1);
    assertThat(plan.planned(second)).isEqualTo(1);
    assertThat(plan.planned(prompt)).as("the 63rd part of 1,000 tokens").isEqualTo(16);
    assertThat(plan.generating()).isEqualTo(2);
    assertThat(plan.promptTokens()).isEqualTo(16);
  }

  @Test
  void wholePromptsShareACallAsLongAsTheyFit() {
    Work first = sequence(20);
    Work second = sequence(30);
    Work third = sequence(40);
    StepPlan<Work> plan = plan(64, first, second, third);
    assertThat(plan.planned(first)).isEqualTo(20);
    assertThat(plan.planned(second)).isEqualTo(30);
    assertThat(plan.planned(third)).as("only its beginning would fit").isZero();
  }

  @Test
  void aPromptThatDoesNotFitIsCutIntoEqualPieces() {
    Work prompt = sequence(150);
    StepPlan<Work> plan = new StepPlan<>(2);
    Scheduler<Work> scheduler = scheduler(64, 2);
    for (int piece = 0; piece < 3; piece++) {
      scheduler.plan(List.of(prompt), 0, plan);
      assertThat(plan.planned(prompt)).isEqualTo(50);
      compute(plan);
    }
    assertThat(prompt.isGenerating()).isTrue();
  }

  @Test
  void aPausedSequenceTakesNoPartInAStep() {
    Work paused = generating();
    paused.paused = true;
    Work other = generating();
    StepPlan<Work> plan = plan(16, paused, other);
    assertThat(plan.planned(paused)).isZero();
    assertThat(plan.planned(other)).isEqualTo(1);
  }

  @Test
  void plansStayWithinTheirBudgetsAndAlwaysComputeSomething() {
    Random random = new Random(5);
    for (int round = 0; round < 2_000; round++) {
      List<Work> active = new ArrayList<>();
      int generating = 0;
      for (int i = 1 + random.nextInt(8); i > 0; i--) {
        if (random.nextBoolean()) {
          active.add(generating());
          generating++;
        } else {
          long deadline = random.nextBoolean() ? Schedulable.NO_DEADLINE : random.nextInt(1000);
          active.add(sequence(1 + random.nextInt(3000), random.nextInt(10), deadline));
        }
      }
      int batch = active.size() + random.nextInt(64);
      StepPlan<Work> plan = new StepPlan<>(active.size());
      scheduler(batch, active.size()).plan(active, 0, plan);
      int prompts = 0;
      for (int i = 0; i < plan.size(); i++) {
        assertThat(plan.count(i)).isBetween(1, plan.sequence(i).missing());
        assertThat(plan.sequence(i).isGenerating()).as("those that generate come first").isEqualTo(i < generating);
        prompts += i < generating ? 0 : plan.count(i);
      }
      assertThat(plan.generating()).isEqualTo(generating);
      assertThat(plan.promptTokens()).isEqualTo(prompts);
      assertThat(prompts).isBetween(generating == active.size() ? 0 : 1, batch);
      int most = random.nextInt(80);
      plan.limitPrompts(most);
      assertThat(plan.promptTokens()).isEqualTo(Math.min(prompts, most));
      assertThat(plan.size()).isGreaterThanOrEqualTo(generating);
    }
  }

  @Test
  void theSpreadOfEqualPromptsStaysWithinOneChunk() {
    for (int batch : new int[] {4, 16, 64, 512}) {
      List<Work> active = List.of(sequence(5000), sequence(5000), sequence(5000), sequence(5000));
      Scheduler<Work> scheduler = scheduler(batch, 4);
      StepPlan<Work> plan = new StepPlan<>(4);
      while (active.stream().noneMatch(Work::isGenerating)) {
        scheduler.plan(active, 0, plan);
        compute(plan);
        int least = active.stream().mapToInt(Work::cached).min().orElseThrow();
        int most = active.stream().mapToInt(Work::cached).max().orElseThrow();
        assertThat(most - least).as("spread with a batch of %d", batch).isLessThanOrEqualTo(batch);
      }
    }
  }

  /** Eight at once: a prompt of 8,000 tokens and seven chats that begin and end. */
  @Test
  void neitherChatsNorALongPromptStopEachOther() {
    Random random = new Random(1);
    Work large = sequence(8000);
    List<Work> active = new ArrayList<>(List.of(large));
    int[] waited = new int[8];
    for (int i = 1; i < 8; i++) {
      active.add(sequence(10 + random.nextInt(300)));
    }
    Scheduler<Work> scheduler = scheduler(512, 8);
    StepPlan<Work> plan = new StepPlan<>(8);
    int steps = 0;
    while (!large.isGenerating()) {
      scheduler.plan(active, 0, plan);
      assertThat(plan.size()).as("progress").isPositive();
      for (int i = 1; i < 8; i++) {
        Work chat = active.get(i);
        waited[i] = chat.isGenerating() || plan.planned(chat) > 0 ? 0 : waited[i] + 1;
        assertThat(waited[i]).as("steps that chat %d waited for others", i).isLessThanOrEqualTo(6);
      }
      compute(plan);
      for (int i = 1; i < 8; i++) {
        if (active.get(i).completionLength() > 20) {
          active.set(i, sequence(10 + random.nextInt(300)));
        }
      }
      steps++;
    }
    assertThat(steps).as("every fourth step at least is the long one's").isLessThanOrEqualTo(4 * (8000 / 512 + 1));
  }

  @Test
  void aNewPromptHasItsFirstTurnBeforeTheNextOneOfALongPrompt() {
    Work large = sequence(8000);
    List<Work> active = new ArrayList<>(List.of(large));
    Scheduler<Work> scheduler = scheduler(128, 2);
    StepPlan<Work> plan = new StepPlan<>(2);
    scheduler.plan(active, 0, plan);
    compute(plan);
    Work chat = sequence(100);
    active.add(chat);
    scheduler.plan(active, 0, plan);
    assertThat(plan.planned(chat)).isEqualTo(100);
  }

  @Test
  void anEndlessStreamOfNewPromptsDoesNotStopALongOne() {
    Work large = sequence(3000);
    Scheduler<Work> scheduler = scheduler(64, 8);
    StepPlan<Work> plan = new StepPlan<>(8);
    int steps = 0;
    while (!large.isGenerating()) {
      List<Work> active = new ArrayList<>(List.of(large));
      for (int i = 0; i < 7; i++) {
        active.add(sequence(100));
      }
      scheduler.plan(active, 0, plan);
      compute(plan);
      steps++;
    }
    assertThat(steps).isLessThanOrEqualTo(Scheduler.LONG_TURN * (3000 / 64 + 1));
  }

  @Test
  void theHigherPriorityIsServedFasterAndTheLowerStillMoves() {
    Work low = sequence(50_000, 0, Schedulable.NO_DEADLINE);
    Work high = sequence(50_000, 9, Schedulable.NO_DEADLINE);
    Scheduler<Work> scheduler = scheduler(128, 2);
    StepPlan<Work> plan = new StepPlan<>(2);
    for (int step = 0; step < 200; step++) {
      scheduler.plan(List.of(low, high), 0, plan);
      compute(plan);
    }
    assertThat((double) high.cached() / low.cached()).as("ten to one by their weights").isBetween(8.0, 12.0);
  }

  @Test
  void shortPromptsComeBeforeALongOne() {
    Work large = sequence(8000);
    List<Work> chats = List.of(sequence(120), sequence(120));
    List<Work> active =
        List.of(generating(), generating(), generating(), generating(), large, chats.get(0), chats.get(1));
    Scheduler<Work> scheduler = new Scheduler<>(512, measured(512, 8));
    StepPlan<Work> plan = new StepPlan<>(7);
    scheduler.plan(active, 0, plan);
    assertThat(plan.planned(chats.get(0))).as("40 ms have room for one").isEqualTo(120);
    assertThat(plan.promptTokens()).isEqualTo(120);
    compute(plan);
    scheduler.plan(active, 0, plan);
    assertThat(plan.planned(chats.get(1))).isEqualTo(120);
    compute(plan);
    scheduler.plan(active, 0, plan);
    assertThat(plan.longTokens()).as("an equal piece of up to 200").isEqualTo(200);
    assertThat(plan.planned(large)).isEqualTo(200);
  }

  @Test
  void runningGenerationsWaitForPromptsThatAreSoonDone() {
    Work running = generating();
    List<Work> prompts = List.of(sequence(200), sequence(200));
    List<Work> active = List.of(running, prompts.get(0), prompts.get(1));
    Scheduler<Work> scheduler = new Scheduler<>(512, measured(512, 4));
    StepPlan<Work> plan = new StepPlan<>(3);
    long now = 0;
    for (Work prompt : prompts) {
      scheduler.plan(active, now, plan);
      assertThat(plan.generating()).isZero();
      assertThat(plan.planned(prompt)).as("each by its own call").isEqualTo(plan.promptTokens()).isEqualTo(200);
      compute(plan);
      now += 40_000_000;
    }
    scheduler.plan(active, now, plan);
    assertThat(plan.generating()).as("they begin together").isEqualTo(3);
  }

  @Test
  void runningGenerationsWaitForTwoTargetsAtMost() {
    Scheduler<Work> scheduler = new Scheduler<>(512, measured(512, 4));
    StepPlan<Work> plan = new StepPlan<>(3);
    scheduler.plan(List.of(generating(), sequence(200), sequence(301)), 0, plan);
    assertThat(plan.generating()).as("the prompts take 100.2 ms").isEqualTo(1);
    Work running = generating();
    scheduler = new Scheduler<>(512, measured(512, 4));
    scheduler.plan(List.of(running), 0, plan);
    compute(plan);
    scheduler.plan(List.of(running, sequence(300)), 41_000_000, plan);
    assertThat(plan.generating()).as("41 ms have passed").isEqualTo(1);
  }

  @Test
  void theShortestPromptComesFirstUnlessALongerOneHasWaited() {
    Work large = new Work(400, GenerationOptions.DEFAULT_PRIORITY, Schedulable.NO_DEADLINE, 0);
    // 400 tokens take 80 ms and are due after 160, 100 tokens after 40.
    Work soon = new Work(100, GenerationOptions.DEFAULT_PRIORITY, Schedulable.NO_DEADLINE, 119_000_000);
    Work later = new Work(100, GenerationOptions.DEFAULT_PRIORITY, Schedulable.NO_DEADLINE, 121_000_000);
    StepPlan<Work> plan = new StepPlan<>(2);
    new Scheduler<Work>(512, measured(512, 4)).plan(List.of(large, soon), 121_000_000, plan);
    assertThat(plan.planned(soon)).isEqualTo(100);
    new Scheduler<Work>(512, measured(512, 4)).plan(List.of(later, large), 121_000_000, plan);
    assertThat(plan.planned(large)).isEqualTo(400);
  }

  @Test
  void aPromptThatNeedsMuchOfItsTargetGetsLargerSteps() {
    StepPlan<Work> plan = new StepPlan<>(2);
    // 800 tokens take 160 ms, and 200 by steps of 50 ms with 10 ms for the generation: 0.4 of the target.
    Work prompt = sequence(800);
    new Scheduler<Work>(1024, measured(1024, 4)).plan(List.of(generating(), prompt), 0, plan);
    assertThat(plan.planned(prompt)).as("a quarter").isEqualTo(200);
    Work longer = sequence(801);
    new Scheduler<Work>(1024, measured(1024, 4)).plan(List.of(generating(), longer), 0, plan);
    assertThat(plan.planned(longer)).as("half, as 700 would fit into 150 ms").isEqualTo(401);
  }

  @Test
  void equalPromptsAreComputedOneAfterTheOtherInTheOrderOfTheirArrival() {
    List<Work> prompts = List.of(sequence(300), sequence(300), sequence(300));
    List<Work> active = new ArrayList<>(prompts.reversed());
    active.add(generating());
    active.add(sequence(300));
    Scheduler<Work> scheduler = new Scheduler<>(512, measured(512, 8));
    StepPlan<Work> plan = new StepPlan<>(5);
    for (Work prompt : prompts) {
      for (int piece = 0; piece < 2; piece++) {
        scheduler.plan(active, 0, plan);
        assertThat(plan.planned(prompt)).as("half of 300, because 200 fit").isEqualTo(150);
        assertThat(plan.promptTokens()).isEqualTo(150);
        compute(plan);
      }
      assertThat(prompt.isGenerating()).isTrue();
    }
  }

  @Test
  void aPromptThatWouldMissItsDeadlineGetsALargerShare() {
    StepBudget budget = unlimited(100, 4);
    budget.prefilled(0, 100, 0, 100_000);
    Scheduler<Work> scheduler = new Scheduler<>(100, budget);
    // A token takes 1000 ns: alone the urgent prompt needs 3 ms, at a quarter of the steps 12.
    Work urgent = sequence(3000, 5, 7_000_000);
    List<Work> active = List.of(sequence(50_000), sequence(50_000), urgent, sequence(50_000));
    StepPlan<Work> plan = new StepPlan<>(4);
    long now = 0;
    while (!urgent.isGenerating()) {
      scheduler.plan(active, now, plan);
      now += plan.promptTokens() * 1000L;
      compute(plan);
    }
    assertThat(now).isLessThanOrEqualTo(urgent.deadline());
  }
}
