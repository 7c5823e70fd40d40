package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SchedulerTest {
  private static final Pieces PIECES = FakeDecoder.letters(100);

  private static Sequence sequence(int promptLength) {
    EngineLoop unused = null;
    EngineGeneration generation = new EngineGeneration(1, new Mailbox(8, 8, 0), false, unused);
    Sequence sequence =
        new Sequence(
            generation,
            new FakeDecoder.FakeSampler(),
            new StopMatcher(List.of(), PIECES.longest()),
            new int[promptLength],
            100,
            10_000,
            0);
    sequence.activate(0);
    return sequence;
  }

  /** A sequence that has generated a token and misses just that one. */
  private static Sequence generating() {
    Sequence sequence = sequence(5);
    sequence.computed(5);
    sequence.append(1);
    return sequence;
  }

  private static StepPlan plan(int budget, int promptBudget, Sequence... active) {
    StepPlan plan = new StepPlan(active.length);
    new Scheduler(budget).plan(List.of(active), promptBudget, plan);
    return plan;
  }

  @Test
  void everyGeneratingSequenceGetsItsTokenBeforeAnyPrompt() {
    Sequence prompt = sequence(1000);
    Sequence first = generating();
    Sequence second = generating();
    StepPlan plan = plan(16, 16, prompt, first, second);
    assertThat(plan.planned(first)).isEqualTo(1);
    assertThat(plan.planned(second)).isEqualTo(1);
    assertThat(plan.planned(prompt)).isEqualTo(14);
  }

  @Test
  void promptsShareTheRestEvenly() {
    Sequence one = sequence(1000);
    Sequence two = sequence(1000);
    StepPlan plan = plan(64, 64, one, two);
    assertThat(plan.planned(one)).isEqualTo(32);
    assertThat(plan.planned(two)).isEqualTo(32);
  }

  @Test
  void whatAShortPromptDoesNotNeedGoesToTheLongOnes() {
    Sequence small = sequence(4);
    Sequence large = sequence(1000);
    StepPlan plan = plan(64, 64, large, small);
    assertThat(plan.planned(small)).isEqualTo(4);
    assertThat(plan.planned(large)).isEqualTo(60);
  }

  @Test
  void aSequenceWhoseReaderIsBehindSitsOut() {
    Sequence behind = generating();
    while (behind.generation().mailbox().hasRoom()) {
      behind.generation().mailbox().write(1, new byte[1], 0, 1);
      behind.generation().mailbox().publish();
    }
    Sequence other = generating();
    StepPlan plan = plan(16, 16, behind, other);
    assertThat(plan.planned(behind)).isZero();
    assertThat(plan.planned(other)).isEqualTo(1);
  }

  @Test
  void plansStayWithinTheirBudgetsAndWasteNothing() {
    Random random = new Random(5);
    for (int round = 0; round < 2_000; round++) {
      List<Sequence> active = new ArrayList<>();
      int generating = 0;
      long missing = 0;
      for (int i = 1 + random.nextInt(8); i > 0; i--) {
        if (random.nextBoolean()) {
          active.add(generating());
          generating++;
        } else {
          Sequence sequence = sequence(1 + random.nextInt(100));
          active.add(sequence);
          missing += sequence.missing();
        }
      }
      int budget = active.size() + random.nextInt(64);
      int promptBudget = random.nextInt(80);
      StepPlan plan = new StepPlan(active.size());
      new Scheduler(budget).plan(active, promptBudget, plan);
      int total = 0;
      for (int i = 0; i < plan.size(); i++) {
        assertThat(plan.count(i)).isBetween(1, plan.sequence(i).missing());
        total += plan.count(i);
      }
      long prompts = Math.min(missing, Math.min(promptBudget, budget - generating));
      assertThat(plan.promptTokens()).isEqualTo((int) prompts);
      assertThat(total).isEqualTo(generating + (int) prompts);
    }
  }

  @Test
  void equalPromptsAreServedEvenlyOverTime() {
    List<Sequence> active = List.of(sequence(500), sequence(500), sequence(500));
    Scheduler scheduler = new Scheduler(64);
    StepPlan plan = new StepPlan(3);
    for (int step = 0; step < 20; step++) {
      scheduler.plan(active, 64, plan);
      for (int i = 0; i < plan.size(); i++) {
        plan.sequence(i).computed(plan.count(i));
      }
      int least = active.stream().mapToInt(Sequence::cached).min().orElseThrow();
      int most = active.stream().mapToInt(Sequence::cached).max().orElseThrow();
      assertThat(most - least).isLessThanOrEqualTo(2);
    }
  }
}
