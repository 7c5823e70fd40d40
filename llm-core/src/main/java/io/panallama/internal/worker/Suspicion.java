package io.panallama.internal.worker;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the request that kills workers.
 *
 * <p>Every request that a dead worker had is a suspect. One that gets further in the next worker was not the reason. Those
 * that twice died without getting further are tried in halves, the others waiting, until one is left; it is convicted when
 * it has died twice while it was alone. Workers that are killed from outside, at any rate that leaves time for a token in
 * between, convict nobody.
 *
 * <p>Pure and not thread-safe.
 */
final class Suspicion<T> {
  /** How far a request is while it is prepared; then the number of its tokens. */
  static final long PREPARING = -1;

  private static final int ENOUGH = 2;

  private final Map<T, Case> cases = new HashMap<>();
  private final Deque<Set<T>> trials = new ArrayDeque<>();
  private final int groupLimit;

  private static final class Case {
    long position = Long.MIN_VALUE;
    int strikes;
    int alone;
  }

  /**
   * @param groupLimit how many requests a worker computes at the same time
   */
  Suspicion(int groupLimit) {
    this.groupLimit = groupLimit;
  }

  /** Whether there is nothing to watch. */
  boolean isIdle() {
    return cases.isEmpty();
  }

  /** The requests that may run now, everything else waits; null if all may. */
  @Nullable Set<T> trial() {
    return trials.peekFirst();
  }

  /**
   * A worker has died.
   *
   * @param inFlight the requests that it had, and how far they were; if the reason is known, such as a preparation that
   *     does not end, that one alone
   * @return the convicted, who are no longer tried
   */
  List<T> died(Map<T, Long> inFlight) {
    List<T> convicted = new ArrayList<>();
    boolean alone = inFlight.size() == 1;
    inFlight.forEach((request, position) -> {
      Case one = cases.computeIfAbsent(request, _ -> new Case());
      if (position > one.position) {
        one.position = position;
        one.strikes = 0;
        one.alone = 0;
      }
      one.strikes++;
      if (alone) {
        one.alone++;
      }
      if (one.alone >= ENOUGH) {
        convicted.add(request);
      }
    });
    Set<T> head = trials.pollFirst();
    if (head != null) {
      head.retainAll(inFlight.keySet());
      retry(head);
    } else {
      Set<T> suspects = new LinkedHashSet<>();
      inFlight
          .keySet()
          .forEach(request -> {
            if (strikes(request) >= ENOUGH) {
              suspects.add(request);
            }
          });
      retry(suspects);
    }
    convicted.forEach(this::ended);
    return convicted;
  }

  private int strikes(T request) {
    Case one = cases.get(request);
    return one == null ? 0 : one.strikes;
  }

  private void retry(Set<T> group) {
    if (group.isEmpty()) {
      return;
    }
    List<T> all = new ArrayList<>(group);
    int size = Math.max(1, Math.min(groupLimit, (all.size() + 1) / 2));
    for (int from = (all.size() - 1) / size * size; from >= 0; from -= size) {
      trials.addFirst(new LinkedHashSet<>(all.subList(from, Math.min(all.size(), from + size))));
    }
  }

  /** A request got further; returns whether others may run now that had to wait. */
  boolean moved(T request, long position) {
    Case one = cases.get(request);
    return one != null && position > one.position && ended(request);
  }

  /** A request has ended, or is innocent; returns whether others may run now that had to wait. */
  boolean ended(T request) {
    cases.remove(request);
    Set<T> head = trials.peekFirst();
    trials.forEach(group -> group.remove(request));
    trials.removeIf(Set::isEmpty);
    return head != trials.peekFirst();
  }
}
