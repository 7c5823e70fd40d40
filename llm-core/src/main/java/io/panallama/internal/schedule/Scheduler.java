package io.panallama.internal.schedule;

import io.panallama.request.GenerationOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a step computes, and tracks whose turn it is. Pure policy: no clock, no decoder.
 *
 * <p>Every generating sequence first gets its one token, so a long prompt never stops the others. If there are long prompts, a quarter of the prompt budget is spread over all prompts, so that each of them progresses at least every second step. The rest is distributed by deficit round-robin (Shreedhar and Varghese, 1995): a prompt keeps its turn until it has used up its quantum, which is the budget of a step weighted by priority; then the prompt whose last turn is longest ago is next. A new prompt gets its first turn before any other prompt's next turn (as in flow queueing, RFC 8290), so short prompts finish at once, one after the other, instead of all of them late. The room of a step beyond the prompt budget goes to short prompts only, also in turns; without long prompts the whole budget does. Short prompts are not spread: a prompt that is computed in one piece gets contiguous cells.
 *
 * @param <S> the type of sequence
 */
public final class Scheduler<S extends Schedulable> {
  /** One part in this many of the prompt budget is spread over all prompts. */
  static final int SPREAD = 4;

  /** How many times larger the quantum of a prompt gets that would otherwise miss its deadline. */
  private static final int BOOST = 4;

  /** The weight of a request that names no priority. */
  private static final int DEFAULT_WEIGHT = GenerationOptions.DEFAULT_PRIORITY + 1;

  private final int batchSize;
  private final StepBudget budget;
  private final Turns<S> ofAll = new Turns<>();
  private final Turns<S> ofShort = new Turns<>();
  private long turns;
  private int spreadStart;

  /**
   * @param batchSize the maximum number of tokens of a step; at least the number of slots
   */
  public Scheduler(int batchSize, StepBudget budget) {
    this.batchSize = batchSize;
    this.budget = budget;
  }

  /**
   * Fills {@code plan}.
   *
   * @param active the active sequences
   * @param now nanoseconds of the engine's clock
   * @param promptLimit the maximum number of prompt tokens in total
   */
  public void plan(List<S> active, long now, int promptLimit, StepPlan<S> plan) {
    plan.clear();
    int prefills = 0;
    int weights = 0;
    for (int i = 0; i < active.size(); i++) {
      S sequence = active.get(i);
      if (sequence.isPaused()) {
        continue;
      }
      if (sequence.isGenerating()) {
        plan.addGenerating(sequence);
      } else {
        prefills++;
        weights += weight(sequence);
      }
    }
    if (prefills == 0) {
      ofAll.clear();
      ofShort.clear();
      return;
    }
    int generating = plan.size();
    int prompts = Math.min(promptLimit, budget.promptTokens(generating, prefills));
    int shortPrompts = prompts > 0 ? shortPrompts(active) : 0;
    Step<S> step = new Step<>(active, now, weights, plan);
    if (shortPrompts < prefills) {
      int left = prompts;
      if (prefills > 1) {
        int spread = Math.min(prompts, Math.max(prompts / SPREAD, (prefills + 1) / 2));
        left -= spread(active, spread, prefills, plan);
      }
      takeTurns(ofAll, false, prompts, left, step);
    }
    if (shortPrompts > 0) {
      int all = Math.min(promptLimit, Math.max(prompts, budget.shortPromptTokens(generating, shortPrompts)));
      takeTurns(ofShort, true, all, all - plan.promptTokens(), step);
    }
    plan.filledUp(plan.promptTokens() > prompts);
  }

  private int shortPrompts(List<S> active) {
    int count = 0;
    for (int i = 0; i < active.size(); i++) {
      count += wantsPrompt(active.get(i)) && isShort(active.get(i)) ? 1 : 0;
    }
    return count;
  }

  /** Based on all tokens that had to be computed, so that a long prompt does not become short towards its end. */
  private boolean isShort(Schedulable sequence) {
    return budget.isShort(sequence.length() - sequence.sharedLength());
  }

  /** Gives each prompt an equal part, continuing where the last step ended; returns the tokens distributed. */
  private int spread(List<S> active, int tokens, int prefills, StepPlan<S> plan) {
    int share = Math.max(1, tokens / prefills);
    int left = tokens;
    int first = spreadStart % active.size();
    for (int i = 0; i < active.size() && left > 0; i++) {
      int index = (first + i) % active.size();
      S sequence = active.get(index);
      if (wantsPrompt(sequence)) {
        left -= take(sequence, Math.min(share, left), plan);
        spreadStart = index + 1;
      }
    }
    return tokens - left;
  }

  /**
   * Distributes {@code tokens} in turns.
   *
   * @param shortOnly whether long prompts get none of them
   * @param quantum number of tokens in a turn of a prompt with the default priority
   */
  private void takeTurns(Turns<S> order, boolean shortOnly, int quantum, int tokens, Step<S> step) {
    int left = tokens;
    if (order.turn != null) {
      // Tokens from the spread count against the turn, so that no prompt gets ahead of an equal one by more than a
      // quantum.
      order.deficit = Math.max(0, order.deficit - step.plan.planned(order.turn));
    }
    while (left > 0) {
      S current = order.turn;
      if (current == null || order.deficit == 0 || !step.active.contains(current) || !wants(current, step.plan)) {
        current = next(shortOnly, step);
        order.turn = current;
        if (current == null) {
          return;
        }
        current.turnTaken(++turns);
        order.deficit = Math.max(1, quantum(current, quantum, step) - step.plan.planned(current));
      }
      int taken = take(current, Math.min(left, order.deficit), step.plan);
      order.deficit -= taken;
      left -= taken;
    }
  }

  /** The prompt whose last turn is longest ago; among those that had none, the one with the highest priority, then the earliest deadline. */
  private @Nullable S next(boolean shortOnly, Step<S> step) {
    S next = null;
    for (int i = 0; i < step.active.size(); i++) {
      S candidate = step.active.get(i);
      if (wants(candidate, step.plan)
          && (!shortOnly || isShort(candidate))
          && (next == null || precedes(candidate, next))) {
        next = candidate;
      }
    }
    return next;
  }

  private static boolean precedes(Schedulable one, Schedulable other) {
    if (one.lastTurn() != other.lastTurn()) {
      return one.lastTurn() < other.lastTurn();
    }
    if (one.priority() != other.priority()) {
      return one.priority() > other.priority();
    }
    return one.deadline() < other.deadline();
  }

  private int quantum(S sequence, int tokens, Step<S> step) {
    long quantum = (long) tokens * weight(sequence) / DEFAULT_WEIGHT;
    if (sequence.deadline() != Schedulable.NO_DEADLINE) {
      double alone = budget.promptNanos(sequence.missing());
      double shared = alone * step.weights / weight(sequence);
      double left = sequence.deadline() - step.now;
      // A prompt that would miss its deadline even if it were alone must not take from those that can meet theirs.
      if (shared > left && alone <= left) {
        quantum *= BOOST;
      }
    }
    return (int) Math.max(1, Math.min(quantum, batchSize * (long) BOOST));
  }

  private static int weight(Schedulable sequence) {
    return sequence.priority() + 1;
  }

  private static boolean wantsPrompt(Schedulable sequence) {
    return !sequence.isGenerating() && !sequence.isPaused();
  }

  private static <S extends Schedulable> boolean wants(S sequence, StepPlan<S> plan) {
    return wantsPrompt(sequence) && plan.planned(sequence) < sequence.chunkLimit();
  }

  private static <S extends Schedulable> int take(S sequence, int most, StepPlan<S> plan) {
    int take = Math.min(most, sequence.chunkLimit() - plan.planned(sequence));
    if (take > 0) {
      plan.addPrompt(sequence, take);
    }
    return Math.max(0, take);
  }

  /** The prompt that has the turn, and the number of tokens left in it. */
  private static final class Turns<S extends Schedulable> {
    private @Nullable S turn;
    private int deficit;

    private void clear() {
      turn = null;
    }
  }

  /** The input of a step's plan. */
  private record Step<S extends Schedulable>(List<S> active, long now, int weights, StepPlan<S> plan) {}
}
