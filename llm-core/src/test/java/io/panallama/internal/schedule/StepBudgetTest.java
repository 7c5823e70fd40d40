package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class StepBudgetTest {
  private static final long MILLISECOND = 1_000_000;
  private static final int BATCH = 512;

  /** A machine whose calls take {@code base} and a little for each sequence or prompt token. */
  record Machine(double base, double perSequence, double perPromptToken) {
    long generate(int generating) {
      return (long) (base + perSequence * generating);
    }

    long prefill(int tokens) {
      return (long) (base + perPromptToken * tokens);
    }
  }

  /** The 30M model on two processors: 16 sequences take 9.5 ms, a prompt of 288 tokens 65 ms. */
  private static final Machine SMALL = new Machine(2 * MILLISECOND, 0.47 * MILLISECOND, 0.22 * MILLISECOND);

  private static StepBudget budget() {
    return new StepBudget(BATCH, 16, 50 * MILLISECOND, 500 * MILLISECOND);
  }

  /** Measures some calls of a machine. */
  private static StepBudget learned(Machine machine, int generating) {
    StepBudget budget = budget();
    for (int i = 0; i < 5; i++) {
      budget.generated(generating, machine.generate(generating));
      for (int tokens = 32; tokens <= BATCH; tokens *= 2) {
        budget.prefilled(0, tokens, 0, machine.prefill(tokens));
      }
    }
    return budget;
  }

  private static long step(Machine machine, int generating, int tokens) {
    return machine.generate(generating) + machine.prefill(tokens);
  }

  @Test
  void aloneAPromptGetsTheWholeBatch() {
    StepBudget budget = budget();
    assertThat(budget.shortPromptTokens(0, false)).isEqualTo(BATCH);
    assertThat(budget.longPromptTokens(0)).isEqualTo(BATCH);
    budget.prefilled(0, BATCH, BATCH, 900 * MILLISECOND);
    assertThat(budget.longPromptTokens(0)).isEqualTo(BATCH);
  }

  @Test
  void withoutATargetNothingIsHeldBack() {
    StepBudget budget = new StepBudget(BATCH, 8, 0, 0);
    budget.generated(4, 20 * MILLISECOND);
    budget.prefilled(4, 508, 508, 900 * MILLISECOND);
    assertThat(budget.shortPromptTokens(4, true)).isEqualTo(BATCH);
    assertThat(budget.longPromptTokens(4)).isEqualTo(BATCH);
  }

  @Test
  void aStepKeepsTheTargetAndUsesIt() {
    StepBudget budget = learned(SMALL, 16);
    assertThat(step(SMALL, 16, budget.shortPromptTokens(16, false))).isBetween(42 * MILLISECOND, 51 * MILLISECOND);
    assertThat(step(SMALL, 16, budget.longPromptTokens(16))).isBetween(42 * MILLISECOND, 51 * MILLISECOND);
  }

  @Test
  void beforeAnythingIsKnownAPromptGetsTheSmallestChunk() {
    assertThat(budget().shortPromptTokens(4, false)).isEqualTo(StepBudget.SMALLEST);
  }

  @Test
  void aHurriedPromptGetsUpToTheBound() {
    Machine slow = new Machine(20 * MILLISECOND, MILLISECOND, 0.5 * MILLISECOND);
    StepBudget budget = learned(slow, 10);
    assertThat(step(slow, 10, budget.shortPromptTokens(10, false))).isLessThan(72 * MILLISECOND);
    assertThat(step(slow, 10, budget.shortPromptTokens(10, true)))
        .isBetween(120 * MILLISECOND, 3 * 50 * MILLISECOND + 1);
  }

  @Test
  void aPromptHurriesThatNeedsMuchOfItsTargetOrStarves() {
    StepBudget budget = learned(SMALL, 16);
    // 512 tokens take 115 ms alone, and 142 by steps of 50 ms that have 40.5 for prompts.
    assertThat(budget.isHurried(16, BATCH * 7 / 5, 0)).as("198 ms").isFalse();
    assertThat(budget.isHurried(16, BATCH * 3 / 2, 0)).as("213 ms, of which 200 are the limit").isTrue();
    assertThat(budget.isHurried(0, BATCH * 3 / 2, 0)).as("nothing slows it down").isFalse();
    assertThat(budget.isHurried(16, 10, 1999 * MILLISECOND)).isFalse();
    assertThat(budget.isHurried(16, 10, 2001 * MILLISECOND)).as("four targets").isTrue();
  }

  @Test
  void aShortPromptIsDueAfterTwiceItsTime() {
    StepBudget budget = budget();
    budget.prefilled(0, 500, 0, 500 * MILLISECOND);
    assertThat(budget.due(7 * MILLISECOND, 100)).isEqualTo(207 * MILLISECOND);
    assertThat(budget().due(7 * MILLISECOND, 100)).as("nothing is known").isEqualTo(7 * MILLISECOND);
  }

  @Test
  void runningGenerationsWaitForPromptsThatAreSoonDone() {
    StepBudget budget = learned(SMALL, 4);
    assertThat(budget.promptsFirst(4, false, 0, 100 * MILLISECOND)).isTrue();
    assertThat(budget.promptsFirst(4, false, MILLISECOND, 100 * MILLISECOND)).as("two targets").isFalse();
    assertThat(budget.promptsFirst(4, true, MILLISECOND, 149 * MILLISECOND)).as("it hurries").isTrue();
    assertThat(budget.promptsFirst(4, true, MILLISECOND, 150 * MILLISECOND)).as("the bound").isFalse();
    assertThat(budget.promptsFirst(4, false, 0, 0)).as("no prompts").isFalse();
    assertThat(budget.promptsFirst(0, false, 0, MILLISECOND)).as("nobody waits").isFalse();
    assertThat(budget().promptsFirst(4, false, 0, MILLISECOND)).as("nothing is known").isFalse();
  }

  @Test
  void promptsShareACallWhereThatShortensTheSumOfTheirWaitingTimes() {
    StepBudget budget = learned(SMALL, 4);
    assertThat(budget.sharesCall(1, 128, 128)).as("a call of 128 tokens takes 30 ms, one of 256 takes 58").isFalse();
    StepBudget wide = learned(new Machine(5 * MILLISECOND, 0, 0.001 * MILLISECOND), 4);
    assertThat(wide.sharesCall(1, 128, 128)).as("any call takes 5 ms").isTrue();
    StepBudget unknown = budget();
    unknown.prefilled(0, 128, 0, SMALL.prefill(128));
    assertThat(unknown.sharesCall(1, 128, 128)).as("it is tried").isTrue();
    unknown.prefilled(0, 256, 0, SMALL.prefill(256));
    assertThat(unknown.sharesCall(1, 128, 128)).isFalse();
  }

  @Test
  void whereTheTargetCannotBeMetLongPromptsGetHalfOfAStepAndShortOnesMore() {
    Machine slow = new Machine(200 * MILLISECOND, 0, 2 * MILLISECOND);
    StepBudget budget = learned(slow, 4);
    assertThat(slow.prefill(budget.longPromptTokens(4))).isLessThanOrEqualTo(265 * MILLISECOND);
    assertThat(budget.longPromptTokens(4)).isGreaterThanOrEqualTo(StepBudget.SMALLEST);
    assertThat(slow.prefill(budget.shortPromptTokens(4, true)))
        .as("short ones up to three baselines")
        .isBetween(300 * MILLISECOND, 600 * MILLISECOND + 1);
  }

  @Test
  void fastStepsAreNotLimited() {
    Machine fast = new Machine(0.2 * MILLISECOND, 0, 0.01 * MILLISECOND);
    StepBudget budget = learned(fast, 4);
    for (int i = 0; i < 10; i++) {
      int tokens = budget.longPromptTokens(4);
      assertThat(tokens).isEqualTo(BATCH);
      budget.prefilled(4, tokens, tokens, fast.prefill(tokens));
    }
  }

  @Test
  void aLongPromptGetsItsShareOfTheTime() {
    StepBudget budget = learned(SMALL, 4);
    long prompts = 0;
    long others = 0;
    int between = 0;
    for (int i = 0; i < 1000; i++) {
      int tokens = budget.longPromptTokens(4);
      budget.generated(4, SMALL.generate(4));
      others += SMALL.generate(4);
      if (tokens > 0) {
        budget.prefilled(4, tokens, tokens, SMALL.prefill(tokens));
        prompts += SMALL.prefill(tokens);
      } else {
        between++;
      }
    }
    assertThat(between).as("most steps are as fast as ever").isGreaterThan(500);
    assertThat(prompts / (double) (prompts + others)).isBetween(StepBudget.LONG_SHARE - 0.05, 0.7);
  }

  /** The machine computes something else for minutes, and every call takes up to 20 times as long. */
  @Test
  void aDisturbedMachineDoesNotStarvePrompts() {
    Random random = new Random(1);
    StepBudget budget = learned(SMALL, 8);
    for (int i = 0; i < 100; i++) {
      int tokens = budget.shortPromptTokens(8, false);
      assertThat(tokens).as("step %d", i).isGreaterThanOrEqualTo(StepBudget.SMALLEST);
      double factor = random.nextInt(3) == 0 ? 1 : 2 + 18 * random.nextDouble();
      budget.generated(8, (long) (factor * SMALL.generate(8)));
      budget.prefilled(8, tokens, 0, (long) (factor * SMALL.prefill(tokens)));
      assertThat(budget.isShort(288)).as("a prompt of 65 ms").isTrue();
    }
    int recovered = 0;
    for (int i = 0; i < 20; i++) {
      int tokens = budget.shortPromptTokens(8, false);
      budget.generated(8, SMALL.generate(8));
      budget.prefilled(8, tokens, 0, SMALL.prefill(tokens));
      recovered = tokens;
    }
    assertThat(recovered).as("as before").isGreaterThan(150);
  }

  @Test
  void oneSlowStepChangesNothing() {
    StepBudget budget = learned(SMALL, 8);
    int before = budget.shortPromptTokens(8, false);
    budget.generated(8, 500 * MILLISECOND);
    budget.prefilled(8, before, 0, 10 * SMALL.prefill(before));
    assertThat(budget.shortPromptTokens(8, false)).isEqualTo(before);
  }

  @Test
  void followsAMachineThatGetsSlower() {
    StepBudget budget = learned(SMALL, 4);
    int before = budget.longPromptTokens(4);
    Machine slower = new Machine(4 * MILLISECOND, MILLISECOND, 0.44 * MILLISECOND);
    for (int i = 0; i < 200; i++) {
      budget.generated(4, slower.generate(4));
      int tokens = budget.longPromptTokens(4);
      if (tokens > 0) {
        budget.prefilled(4, tokens, tokens, slower.prefill(tokens));
      }
    }
    budget.generated(4, 1000 * MILLISECOND);
    assertThat(budget.longPromptTokens(4)).isBetween(before / 4, before * 2 / 3);
    assertThat(step(slower, 4, budget.longPromptTokens(4))).isLessThan(55 * MILLISECOND);
  }

  @Test
  void shortIsWhatTakesASecondAlone() {
    StepBudget budget = budget();
    budget.prefilled(0, 500, 0, 500 * MILLISECOND);
    assertThat(budget.isShort(1000)).isTrue();
    assertThat(budget.isShort(1001)).isFalse();
    StepBudget fast = budget();
    fast.prefilled(0, 500, 0, MILLISECOND);
    assertThat(fast.isShort(StepBudget.MOST_SHORT)).isTrue();
    assertThat(fast.isShort(StepBudget.MOST_SHORT + 1)).isFalse();
  }

  @Test
  void aPromptThatWasCachedSaysLittleOfWhatATokenCosts() {
    StepBudget budget = budget();
    budget.prefilled(0, 500, 0, 500 * MILLISECOND);
    for (int i = 0; i < 10; i++) {
      budget.prefilled(0, 1, 0, 20 * MILLISECOND);
    }
    assertThat(budget.promptNanos(500)).isBetween(499.0 * MILLISECOND, 501.0 * MILLISECOND);
  }

  /** Sixteen clients of the 30M model, in a closed loop, prompts of 288 tokens: what the policy makes of them. */
  @Test
  void sixteenClientsAreServedWithoutWaste() {
    Random random = new Random(3);
    ClosedLoop loop = new ClosedLoop(budget(), 16, 288, 128, SMALL, step -> 1);
    loop.run(3000);
    assertThat(loop.tokensPerSecond()).isGreaterThan(880);
    assertThat(loop.ttftPercentile(90)).as("a prompt takes 65 ms alone").isLessThan(100);
    assertThat(loop.itlPercentile(99)).as("two targets").isLessThan(100);
    ClosedLoop disturbed =
        new ClosedLoop(budget(), 16, 288, 128, SMALL, step -> random.nextInt(4) == 0 ? 1 + 9 * random.nextDouble() : 1);
    disturbed.run(3000);
    assertThat(disturbed.ttftPercentile(99)).as("no collapse").isLessThan(4000);
  }
}
