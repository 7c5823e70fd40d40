package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StepBudgetTest {
  private static final long MILLISECOND = 1_000_000;

  /** A machine whose steps take {@code base} and a little for each prompt token. */
  private record Machine(double base, double perSequence, double perPromptToken) {
    long step(int generating, int promptTokens) {
      return (long) (base + perSequence * generating + perPromptToken * promptTokens);
    }
  }

  @Test
  void aloneAPromptGetsTheWholeBatch() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    assertThat(budget.promptTokens(0, 1)).isEqualTo(512);
    budget.measured(0, 512, 900 * MILLISECOND);
    assertThat(budget.promptTokens(0, 1)).isEqualTo(512);
  }

  @Test
  void withoutATargetNothingIsHeldBack() {
    StepBudget budget = new StepBudget(512, 8, 0);
    budget.measured(4, 0, 20 * MILLISECOND);
    budget.measured(4, 508, 900 * MILLISECOND);
    assertThat(budget.promptTokens(4, 1)).isEqualTo(508);
  }

  @Test
  void settlesWhereAStepTakesHalfAsLongAgain() {
    Machine machine = new Machine(14 * MILLISECOND, MILLISECOND, 0.2 * MILLISECOND);
    assertThat(settled(machine, 4, 50)).isBetween(26 * MILLISECOND, 28 * MILLISECOND);
  }

  @Test
  void staysBelowTheTarget() {
    Machine machine = new Machine(38 * MILLISECOND, 0, 0.1 * MILLISECOND);
    assertThat(settled(machine, 4, 50)).isBetween(48 * MILLISECOND, 50 * MILLISECOND + 1);
  }

  @Test
  void fastStepsAreFilledUpToWhatNobodyNotices() {
    Machine machine = new Machine(0.2 * MILLISECOND, 0, 0.05 * MILLISECOND);
    assertThat(settled(machine, 4, 50)).isBetween(9 * MILLISECOND, 10 * MILLISECOND + 1);
  }

  @Test
  void aPromptGoesOnWhereTheTargetCannotBeMet() {
    Machine machine = new Machine(200 * MILLISECOND, 0, 5 * MILLISECOND);
    assertThat(settled(machine, 4, 50)).isBetween(245 * MILLISECOND, 250 * MILLISECOND + 1);
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    run(budget, new Machine(100 * MILLISECOND, 0, 100 * MILLISECOND), 4, 50);
    assertThat(budget.promptTokens(4, 1)).isEqualTo(StepBudget.SMALLEST);
    assertThat(budget.promptTokens(4, 100)).as("a turn for each of 100 within two steps").isEqualTo(50);
  }

  @Test
  void whatPromptsCostAloneSaysLittleOfWhatTheyAdd() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(20 * MILLISECOND, 0, 0.5 * MILLISECOND);
    run(budget, machine, 4, 30);
    int before = budget.promptTokens(4, 1);
    for (int i = 0; i < 50; i++) {
      budget.measured(0, 512, 51 * MILLISECOND);
    }
    assertThat(budget.promptTokens(4, 1)).isEqualTo(before);
  }

  @Test
  void followsAMachineThatGetsSlower() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    run(budget, new Machine(20 * MILLISECOND, 0, 0.1 * MILLISECOND), 4, 30);
    int before = budget.promptTokens(4, 1);
    Machine slower = new Machine(20 * MILLISECOND, 0, 0.4 * MILLISECOND);
    run(budget, slower, 4, 30);
    assertThat(budget.promptTokens(4, 1)).isLessThan(before / 2);
    assertThat(slower.step(4, budget.promptTokens(4, 1))).isBetween(28 * MILLISECOND, 31 * MILLISECOND);
  }

  @Test
  void oneSlowStepDoesNotStopAPrompt() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(20 * MILLISECOND, 0, 0.1 * MILLISECOND);
    run(budget, machine, 4, 30);
    int before = budget.promptTokens(4, 1);
    budget.measured(4, before, 10 * machine.step(4, before));
    run(budget, machine, 4, 15);
    assertThat(budget.promptTokens(4, 1)).isGreaterThan(before * 3 / 4);
  }

  private static long settled(Machine machine, int generating, long targetMillis) {
    StepBudget budget = new StepBudget(512, 8, targetMillis * MILLISECOND);
    run(budget, machine, generating, 50);
    return machine.step(generating, budget.promptTokens(generating, 1));
  }

  /** Some quiet steps, then ones with a long prompt. */
  private static void run(StepBudget budget, Machine machine, int generating, int steps) {
    for (int i = 0; i < 5; i++) {
      budget.measured(generating, 0, machine.step(generating, 0));
    }
    for (int i = 0; i < steps; i++) {
      int tokens = budget.promptTokens(generating, 1);
      budget.measured(generating, tokens, machine.step(generating, tokens));
    }
  }
}
