package io.panallama.internal.engine;

import java.util.List;

/**
 * Decides what a step computes. Pure: the same sequences and budgets give the same plan.
 *
 * <p>Every generating sequence gets its one token first, so a long prompt never stops the others; what is left of the
 * budget is shared evenly between the prefills, each step starting with another one.
 */
final class Scheduler {
  private final int tokenBudget;
  private int turn;

  /**
   * @param tokenBudget the most tokens of a step; at least as many as there can be active sequences
   */
  Scheduler(int tokenBudget) {
    this.tokenBudget = tokenBudget;
  }

  /**
   * Fills {@code plan}.
   *
   * @param active the active sequences
   * @param promptBudget the most tokens that prefills may take together
   */
  void plan(List<Sequence> active, int promptBudget, StepPlan plan) {
    plan.clear();
    int left = tokenBudget;
    int prefills = 0;
    for (int i = 0; i < active.size(); i++) {
      Sequence sequence = active.get(i);
      if (sequence.sitsOut()) {
        continue;
      }
      if (sequence.isGenerating()) {
        plan.add(sequence, 1);
        left--;
      } else {
        prefills++;
      }
    }
    left = Math.min(left, promptBudget);
    if (prefills > 0 && left > 0) {
      sharePrompts(active, prefills, left, plan);
      turn++;
    }
  }

  private void sharePrompts(List<Sequence> active, int prefills, int budget, StepPlan plan) {
    int left = budget;
    boolean progress = true;
    while (left > 0 && progress) {
      progress = false;
      int share = Math.max(1, left / prefills);
      for (int i = 0; i < active.size() && left > 0; i++) {
        Sequence sequence = active.get((i + turn) % active.size());
        if (sequence.sitsOut() || sequence.isGenerating()) {
          continue;
        }
        int take = Math.min(Math.min(share, left), sequence.chunkLimit() - plan.planned(sequence));
        if (take > 0) {
          plan.add(sequence, take);
          left -= take;
          progress = true;
        }
      }
    }
  }
}
