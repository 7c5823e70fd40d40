package io.panallama.internal.schedule;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chooses the sequence that gives up its cells or its slot to others. Pure policy. */
public final class Preemption {
  /**
   * How long a mailbox must have been full, in nanoseconds, before its sequence gives up its slot: a reader that is
   * merely slower than the engine usually makes room sooner, and giving up a slot may cost copying or recomputing the
   * state.
   */
  public static final long STALL_LIMIT = 500_000_000L;

  private Preemption() {}

  /**
   * The sequence to preempt when the KV cache is full. A sequence whose reader does not read comes first, because it
   * makes no progress anyway. Otherwise it is the least important one: the one with the lowest effective priority, as in
   * the {@link WaitingQueue}; among equals the one with the latest deadline, then the youngest, which has the least to
   * recompute. So the most important sequence that can progress is never preempted, and there is always progress.
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

  /**
   * The sequence to suspend when others wait for a slot: the one whose reader has not read for longest, and for at least
   * {@link #STALL_LIMIT}; null if there is none.
   *
   * @param now nanoseconds of the engine's clock
   */
  public static <S extends Schedulable> @Nullable S stalled(List<S> active, long now) {
    S longest = null;
    for (int i = 0; i < active.size(); i++) {
      S candidate = active.get(i);
      if (isStalled(candidate)
          && now - candidate.stalledSince() >= STALL_LIMIT
          && (longest == null || candidate.stalledSince() < longest.stalledSince())) {
        longest = candidate;
      }
    }
    return longest;
  }

  static boolean isStalled(Schedulable sequence) {
    return sequence.stalledSince() != Schedulable.NOT_STALLED;
  }

  private static boolean yields(Schedulable one, Schedulable other, long now) {
    if (isStalled(one) != isStalled(other)) {
      return isStalled(one);
    }
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
