package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
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
    budget.measured(0, 512, false, 900 * MILLISECOND);
    assertThat(budget.promptTokens(0, 1)).isEqualTo(512);
  }

  @Test
  void withoutATargetNothingIsHeldBack() {
    StepBudget budget = new StepBudget(512, 8, 0);
    budget.measured(4, 0, false, 20 * MILLISECOND);
    budget.measured(4, 508, false, 900 * MILLISECOND);
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
    Machine slow = new Machine(100 * MILLISECOND, 0, 100 * MILLISECOND);
    run(budget, slow, 4, 50);
    assertThat(tokens(budget, slow, 4, 1)).isEqualTo(StepBudget.SMALLEST);
    assertThat(budget.promptTokens(4, 100)).as("a turn for each of 100 within two steps").isEqualTo(50);
  }

  @Test
  void whatPromptsCostAloneSaysLittleOfWhatTheyAdd() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(20 * MILLISECOND, 0, 0.5 * MILLISECOND);
    run(budget, machine, 4, 30);
    int before = tokens(budget, machine, 4, 1);
    for (int i = 0; i < 50; i++) {
      budget.measured(0, 512, false, 51 * MILLISECOND);
    }
    assertThat(tokens(budget, machine, 4, 1)).isEqualTo(before);
  }

  @Test
  void followsAMachineThatGetsSlower() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(20 * MILLISECOND, 0, 0.1 * MILLISECOND);
    run(budget, machine, 4, 30);
    int before = tokens(budget, machine, 4, 1);
    Machine slower = new Machine(20 * MILLISECOND, 0, 0.4 * MILLISECOND);
    run(budget, slower, 4, 30);
    assertThat(tokens(budget, slower, 4, 1)).isLessThan(before / 2);
    assertThat(slower.step(4, tokens(budget, slower, 4, 1))).isBetween(28 * MILLISECOND, 31 * MILLISECOND);
  }

  @Test
  void oneSlowStepDoesNotStopAPrompt() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(20 * MILLISECOND, 0, 0.1 * MILLISECOND);
    run(budget, machine, 4, 30);
    int before = tokens(budget, machine, 4, 1);
    budget.measured(4, before, false, 10 * machine.step(4, before));
    run(budget, machine, 4, 30);
    assertThat(tokens(budget, machine, 4, 1)).isGreaterThan(before * 3 / 4);
  }

  @Test
  void followsSequencesThatGrowBesideAPrompt() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = null;
    for (int i = 0; i <= 1000; i++) {
      machine = new Machine(16 * MILLISECOND + i * 12_000, 0, MILLISECOND);
      step(budget, machine, 4, 1);
    }
    long quiet = machine.step(4, 0);
    assertThat(quiet).isEqualTo(28 * MILLISECOND);
    assertThat(machine.step(4, tokens(budget, machine, 4, 1))).isBetween(quiet * 13 / 10, quiet * 16 / 10);
  }

  @Test
  void followsAPromptWhoseTokensGetDearer() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    long steps = 0;
    long time = 0;
    for (int depth = 0; depth < 4096; ) {
      Machine machine = new Machine(16 * MILLISECOND, 0, 0.6 * MILLISECOND + depth * 2000.0);
      int tokens = step(budget, machine, 4, 1);
      assertThat(machine.step(4, tokens)).as("at %d", depth).isLessThan(2 * 16 * MILLISECOND);
      depth += tokens;
      steps++;
      time += machine.step(4, tokens);
    }
    assertThat(time / steps).as("what may be used is used").isGreaterThan(13 * 16 * MILLISECOND / 10);
  }

  @Test
  void nowAndThenAStepShowsWhatIsQuiet() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(20 * MILLISECOND, 0, 0.5 * MILLISECOND);
    run(budget, machine, 4, 50);
    int without = 0;
    for (int i = 0; i < (StepBudget.PROBE_INTERVAL + 1) * 10; i++) {
      without += step(budget, machine, 4, 1) == 0 ? 1 : 0;
    }
    assertThat(without).isEqualTo(10);
  }

  @Test
  void nobodyWaitsLongerForItsTurnBecauseOfThat() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine slow = new Machine(20 * MILLISECOND, 0, 5 * MILLISECOND);
    for (int i = 0; i < 100; i++) {
      assertThat(step(budget, slow, 4, 4)).as("two turns of four").isGreaterThanOrEqualTo(2);
    }
  }

  @Test
  void aDelayedQuietStepDoesNotMislead() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(20 * MILLISECOND, 0, 0.5 * MILLISECOND);
    run(budget, machine, 4, 50);
    int before = tokens(budget, machine, 4, 1);
    budget.measured(4, 0, false, 90 * MILLISECOND);
    assertThat(tokens(budget, machine, 4, 1)).isBetween(before - 1, before + 1);
  }

  @Test
  void aQuietStepThatIsThoughtTooLongDoesNotLeadToLongOnes() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(20 * MILLISECOND, 0, 5 * MILLISECOND);
    run(budget, machine, 4, 100);
    for (int i = 0; i < 5; i++) {
      budget.measured(4, 0, false, 40 * MILLISECOND);
    }
    for (int i = 0; i < StepBudget.PROBE_INTERVAL; i++) {
      int tokens = step(budget, machine, 4, 1);
      assertThat(machine.step(4, tokens)).as("step %d", i).isLessThanOrEqualTo(50 * MILLISECOND);
    }
  }

  @Test
  void aChunkIsHeldWhileItIsAboutRight() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Random random = new Random(1);
    run(budget, new Machine(20 * MILLISECOND, 0, 2 * MILLISECOND), 4, 50);
    int changes = 0;
    int before = 0;
    for (int i = 0; i < 1000; i++) {
      double noise = 1 + 0.1 * random.nextGaussian();
      int tokens = step(budget, new Machine(20 * MILLISECOND, 0, 2 * noise * MILLISECOND), 4, 1);
      if (tokens != 0) {
        changes += tokens == before ? 0 : 1;
        before = tokens;
      }
    }
    assertThat(before).isBetween(4, 6);
    assertThat(changes).isLessThan(10);
  }

  @Test
  void shortPromptsFillAStepUpToTheTarget() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(10 * MILLISECOND, 0, 0.4 * MILLISECOND);
    budget.measured(0, 500, false, 100 * MILLISECOND);
    run(budget, machine, 4, 30);
    // Beside others a token takes twice as long as alone: at first too many, then right.
    assertThat(budget.shortPromptTokens(4, 1)).isEqualTo(200);
    fillUp(budget, machine, 4, 30);
    assertThat(machine.step(4, budget.shortPromptTokens(4, 1))).isBetween(49 * MILLISECOND, 50 * MILLISECOND);
    assertThat(machine.step(4, tokens(budget, machine, 4, 1))).as("long ones as ever").isLessThan(16 * MILLISECOND);
  }

  @Test
  void whereMoreWaitThanGenerateAStepMayLastLonger() {
    StepBudget budget = new StepBudget(512, 16, 50 * MILLISECOND);
    budget.measured(0, 500, false, 100 * MILLISECOND);
    budget.measured(4, 0, false, 10 * MILLISECOND);
    assertThat(budget.shortPromptTokens(4, 2)).isEqualTo(200);
    assertThat(budget.shortPromptTokens(4, 3)).isEqualTo(325);
    assertThat(budget.shortPromptTokens(4, 12)).as("the batch").isEqualTo(508);
  }

  @Test
  void shortPromptsGetHalfOfAStepThatMissesTheTarget() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    Machine machine = new Machine(200 * MILLISECOND, 0, 5 * MILLISECOND);
    budget.measured(0, 40, false, 200 * MILLISECOND);
    run(budget, machine, 4, 30);
    fillUp(budget, machine, 4, 30);
    assertThat(machine.step(4, budget.shortPromptTokens(4, 1))).isBetween(395 * MILLISECOND, 400 * MILLISECOND);
  }

  @Test
  void shortIsWhatTakesASecondAlone() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    assertThat(budget.isShort(1)).as("before anything is known").isFalse();
    budget.measured(0, 500, false, 500 * MILLISECOND);
    assertThat(budget.isShort(1000)).isTrue();
    assertThat(budget.isShort(1001)).isFalse();
    StepBudget fast = new StepBudget(512, 8, 50 * MILLISECOND);
    fast.measured(0, 500, false, MILLISECOND);
    assertThat(fast.isShort(StepBudget.MOST_SHORT)).isTrue();
    assertThat(fast.isShort(StepBudget.MOST_SHORT + 1)).isFalse();
  }

  @Test
  void aPromptThatWasCachedSaysLittleOfWhatATokenCosts() {
    StepBudget budget = new StepBudget(512, 8, 50 * MILLISECOND);
    budget.measured(0, 500, false, 500 * MILLISECOND);
    for (int i = 0; i < 10; i++) {
      budget.measured(0, 1, false, 20 * MILLISECOND);
    }
    budget.measured(0, 500, false, 500 * MILLISECOND);
    assertThat(budget.promptNanos(100)).isBetween(100.0 * MILLISECOND, 130.0 * MILLISECOND);
  }

  /** Steps that short prompts fill up. */
  private static void fillUp(StepBudget budget, Machine machine, int generating, int steps) {
    for (int i = 0; i < steps; i++) {
      int tokens = budget.shortPromptTokens(generating, 1);
      budget.measured(generating, tokens, true, machine.step(generating, tokens));
    }
  }

  private static long settled(Machine machine, int generating, long targetMillis) {
    StepBudget budget = new StepBudget(512, 8, targetMillis * MILLISECOND);
    run(budget, machine, generating, 50);
    return machine.step(generating, tokens(budget, machine, generating, 1));
  }

  /** Some quiet steps, then ones with a long prompt. */
  private static void run(StepBudget budget, Machine machine, int generating, int steps) {
    for (int i = 0; i < 5; i++) {
      budget.measured(generating, 0, false, machine.step(generating, 0));
    }
    for (int i = 0; i < steps; i++) {
      step(budget, machine, generating, 1);
    }
  }

  private static int step(StepBudget budget, Machine machine, int generating, int prefilling) {
    int tokens = budget.promptTokens(generating, prefilling);
    budget.measured(generating, tokens, false, machine.step(generating, tokens));
    return tokens;
  }

  /** Of the next step that has prompts. */
  private static int tokens(StepBudget budget, Machine machine, int generating, int prefilling) {
    int tokens = budget.promptTokens(generating, prefilling);
    return tokens == 0 && step(budget, machine, generating, prefilling) == 0
        ? budget.promptTokens(generating, prefilling)
        : tokens;
  }
}
