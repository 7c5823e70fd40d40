package io.panallama.internal.schedule;

import java.util.List;

/** Chooses the sequence to preempt when the KV cache is full. Pure policy. */
public final class Preemption {
  private Preemption() {}

  /**
   * The least important active sequence: the one with the lowest effective priority, as in the {@link WaitingQueue}; among equals the one with the latest deadline, then the youngest, which has the least to recompute. So the most important sequence is never preempted, and there is always progress.
   *
   * @param active at least one
   * @param now nanoseconds of the engine's clock
   */
  public static <S extends Schedulable> S victim(List<S> active, long now) {
    S victim = active.getFirst();
    for (int i = 1; i < active.size(); i++) {
      S candidate = active.get(i);
      if (yields(candidate, victim, now)) {
        victim = candidate;
      }
    }
    return victim;
  }

  private static boolean yields(Schedulable one, Schedulable other, long now) {
    int byLevel = Long.compare(WaitingQueue.level(one, now), WaitingQueue.level(other, now));
    if (byLevel != 0) {
      return byLevel < 0;
    }
    if (one.deadline() != other.deadline()) {
      return one.deadline() > other.deadline();
    }
    return one.arrival() > other.arrival();
  }
}
