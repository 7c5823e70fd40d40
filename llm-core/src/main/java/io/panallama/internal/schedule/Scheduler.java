package io.panallama.internal.schedule;

import io.panallama.request.GenerationOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a step computes, and tracks whose turn it is. Pure policy: no clock, no decoder.
 *
 * <p>Every generating sequence first gets its one token, so a long prompt never stops the others. Short prompts come
 * next, the shortest first unless a longer one has waited, one after the other and each in one piece if it fits into the
 * {@link StepBudget}: prompts that are computed side by side would all be late. One that does not fit is cut into equal
 * pieces.
 *
 * <p>Where all short prompts are soon done, they come first, by steps without the generating sequences (see
 * {@link StepBudget#promptsFirst}): so a reader notices one gap at most, the prompts are not kept waiting, and answers
 * that begin together stay together, which makes the batches larger.
 *
 * <p>Long prompts get what their budget allows, by deficit round-robin (Shreedhar and Varghese, 1995): a prompt keeps
 * its turn until it has used up its quantum, which is the budget of a step weighted by priority; then the prompt whose
 * last turn is longest ago is next. A new prompt gets its first turn before any other prompt's next turn (as in flow
 * queueing, RFC 8290). While there are short prompts, every {@link #LONG_TURN}th step with prompts belongs to the long
 * ones.
 *
 * @param <S> the type of sequence
 */
public final class Scheduler<S extends Schedulable> {
  /** Of the steps with both kinds of prompts, one in this many computes long ones. */
  static final int LONG_TURN = 4;

  /** How many times larger the quantum of a prompt gets that would otherwise miss its deadline. */
  private static final int BOOST = 4;

  /** The weight of a request that names no priority. */
  private static final int DEFAULT_WEIGHT = GenerationOptions.DEFAULT_PRIORITY + 1;

  private final int batchSize;
  private final StepBudget budget;
  private final Turns<S> longTurns = new Turns<>();
  private long turns;

  /** When the last step with generating sequences began, or when there was one again. */
  private long lastGenerated;

  /** Whether the last plan found generating sequences. */
  private boolean hadGenerating;

  private final Census census = new Census();

  /** Number of steps in which only short prompts were computed although there were long ones. */
  private int longWaited;

  /**
   * @param batchSize the maximum number of tokens of a call; at least the number of slots
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
   */
  public void plan(List<S> active, long now, StepPlan<S> plan) {
    plan.clear();
    census.take(active);
    if (census.generating == 0 || !hadGenerating) {
      lastGenerated = now;
    }
    hadGenerating = census.generating > 0;
    if (census.longPrompts == 0) {
      longTurns.clear();
      longWaited = 0;
    }
    boolean shortTurn = census.shortPrompts > 0 && longWaited < LONG_TURN - 1;
    S first = nextShort(active, plan);
    boolean hurried =
        first != null && budget.isHurried(census.generating, computedLength(first), now - first.submitted());
    if (!shortTurn || !budget.promptsFirst(census.generating, hurried, now - lastGenerated, census.shortNanos)) {
      addGenerating(active, plan);
      lastGenerated = now;
    }
    if (shortTurn) {
      longWaited += census.longPrompts > 0 ? 1 : 0;
      planShort(active, hurried, plan);
    } else if (census.longPrompts > 0) {
      int tokens = budget.longPromptTokens(plan.generating());
      if (tokens > 0) {
        longWaited = 0;
        takeTurns(active, now, tokens, plan);
        plan.longTokens(plan.promptTokens());
      } else if (census.shortPrompts > 0) {
        planShort(active, hurried, plan);
      }
    }
  }

  private void addGenerating(List<S> active, StepPlan<S> plan) {
    for (int i = 0; i < active.size(); i++) {
      S sequence = active.get(i);
      if (sequence.isGenerating() && !sequence.isPaused()) {
        plan.addGenerating(sequence);
      }
    }
  }

  /** Based on all tokens that had to be computed, so that a long prompt does not become short towards its end. */
  private boolean isShort(Schedulable sequence) {
    return budget.isShort(computedLength(sequence));
  }

  private double due(Schedulable sequence) {
    return budget.due(sequence.submitted(), computedLength(sequence));
  }

  private static int computedLength(Schedulable sequence) {
    return sequence.length() - sequence.sharedLength();
  }

  /**
   * Whole prompts as long as they fit; the first one is cut into equal pieces if it doesn't. Without running generations,
   * the next call begins right after this one, so prompts share it only where that is better for their sum of waiting
   * times.
   */
  private void planShort(List<S> active, boolean hurried, StepPlan<S> plan) {
    int left = budget.shortPromptTokens(plan.generating(), hurried);
    while (left > 0) {
      S next = nextShort(active, plan);
      if (next == null) {
        return;
      }
      int wanted = next.chunkLimit();
      int planned = plan.promptTokens();
      if (planned > 0
          && (wanted > left || plan.generating() == 0 && !budget.sharesCall(plan.size(), planned, wanted))) {
        return;
      }
      if (next.lastTurn() == 0) {
        next.turnTaken(++turns);
      }
      int taken = wanted <= left ? wanted : piece(next.missing(), left);
      plan.addPrompt(next, taken);
      left -= taken;
    }
  }

  /** The size of the pieces when {@code tokens} are cut into as few equal ones as possible. */
  private static int piece(int tokens, int most) {
    int pieces = (tokens + most - 1) / most;
    return (tokens + pieces - 1) / pieces;
  }

  /**
   * The short prompt that was begun; otherwise the one with the highest priority, then the earliest deadline, then the
   * one that is due first. Null if all are in the plan.
   */
  private @Nullable S nextShort(List<S> active, StepPlan<S> plan) {
    S next = null;
    for (int i = 0; i < active.size(); i++) {
      S candidate = active.get(i);
      if (wantsPrompt(candidate)
          && plan.planned(candidate) == 0
          && isShort(candidate)
          && (next == null || isBefore(candidate, next))) {
        next = candidate;
      }
    }
    return next;
  }

  private boolean isBefore(Schedulable one, Schedulable other) {
    if (one.lastTurn() > 0 != other.lastTurn() > 0) {
      return one.lastTurn() > 0;
    }
    if (one.priority() != other.priority()) {
      return one.priority() > other.priority();
    }
    if (one.deadline() != other.deadline()) {
      return one.deadline() < other.deadline();
    }
    double dueFirst = due(one) - due(other);
    return dueFirst != 0 ? dueFirst < 0 : one.arrival() < other.arrival();
  }

  /**
   * Distributes {@code tokens} to long prompts in turns.
   *
   * @param tokens also the quantum: the number of tokens in a turn of a prompt with the default priority
   */
  private void takeTurns(List<S> active, long now, int tokens, StepPlan<S> plan) {
    int left = tokens;
    while (left > 0) {
      S current = longTurns.turn;
      if (current == null || longTurns.deficit == 0 || !active.contains(current) || !wants(current, plan)) {
        current = nextLong(active, plan);
        longTurns.turn = current;
        if (current == null) {
          return;
        }
        current.turnTaken(++turns);
        longTurns.deficit = quantum(current, tokens, now);
      }
      int most = Math.min(left, longTurns.deficit);
      int wanted = current.chunkLimit() - plan.planned(current);
      int taken = wanted <= most ? wanted : piece(wanted, most);
      plan.addPrompt(current, taken);
      // An equal piece is a little smaller than what the prompt may have; the rest is too small for a turn.
      int used = taken < wanted ? most : taken;
      longTurns.deficit -= used;
      left -= used;
    }
  }

  /**
   * The prompt whose last turn is longest ago; among those that had none, the one with the highest priority, then the
   * earliest deadline.
   */
  private @Nullable S nextLong(List<S> active, StepPlan<S> plan) {
    S next = null;
    for (int i = 0; i < active.size(); i++) {
      S candidate = active.get(i);
      if (wants(candidate, plan) && !isShort(candidate) && (next == null || precedes(candidate, next))) {
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

  private int quantum(S sequence, int tokens, long now) {
    long quantum = (long) tokens * weight(sequence) / DEFAULT_WEIGHT;
    if (sequence.deadline() != Schedulable.NO_DEADLINE) {
      double alone = budget.promptNanos(sequence.missing());
      double shared = alone * census.weights / weight(sequence);
      double left = sequence.deadline() - now;
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

  /** Counts of the active sequences that are not paused. */
  private final class Census {
    private int generating;
    private int shortPrompts;
    private int longPrompts;

    /** The time that the short prompts take. */
    private double shortNanos;

    /** The sum of the prompts' weights. */
    private int weights;

    private void take(List<S> active) {
      generating = 0;
      shortPrompts = 0;
      longPrompts = 0;
      shortNanos = 0;
      weights = 0;
      for (int i = 0; i < active.size(); i++) {
        S sequence = active.get(i);
        if (sequence.isPaused()) {
          continue;
        }
        if (sequence.isGenerating()) {
          generating++;
          continue;
        }
        weights += weight(sequence);
        if (isShort(sequence)) {
          shortPrompts++;
          shortNanos += budget.promptNanos(sequence.missing());
        } else {
          longPrompts++;
        }
      }
    }
  }

  /** The prompt that has the turn, and the number of tokens left in it. */
  private static final class Turns<S extends Schedulable> {
    private @Nullable S turn;
    private int deficit;

    private void clear() {
      turn = null;
    }
  }
}
