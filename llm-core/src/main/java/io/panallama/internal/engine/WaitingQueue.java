package io.panallama.internal.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The sequences without a slot, and which of them gets the next one: those that had one already, then by priority, then by
 * deadline, then by arrival. Waiting raises the priority by one for every {@link #AGING}, so nobody starves.
 *
 * <p>Engine thread only.
 */
final class WaitingQueue {
  /** In this time a request of the lowest priority overtakes a new one of the next higher. */
  static final long AGING = 5_000_000_000L;

  private final List<Sequence> sequences = new ArrayList<>();

  boolean isEmpty() {
    return sequences.isEmpty();
  }

  void add(Sequence sequence) {
    sequences.add(sequence);
  }

  void remove(Sequence sequence) {
    sequences.remove(sequence);
  }

  /** Who is next; null if nobody waits. */
  @Nullable Sequence first(long now) {
    Sequence first = null;
    for (int i = 0; i < sequences.size(); i++) {
      Sequence candidate = sequences.get(i);
      if (first == null || precedes(candidate, first, now)) {
        first = candidate;
      }
    }
    return first;
  }

  private static boolean precedes(Sequence one, Sequence other, long now) {
    if (one.wasPreempted() != other.wasPreempted()) {
      return one.wasPreempted();
    }
    long difference = one.wasPreempted() ? 0 : level(one, now) - level(other, now);
    if (difference == 0) {
      difference = Long.compare(other.deadline(), one.deadline());
    }
    return difference > 0 || difference == 0 && one.generation().id() < other.generation().id();
  }

  private static long level(Sequence sequence, long now) {
    return sequence.priority() + (now - sequence.generation().clock().submitted()) / AGING;
  }

  /** Copies those that pass into {@code target}. */
  void copyTo(List<Sequence> target, Predicate<Sequence> filter) {
    sequences.stream().filter(filter).forEach(target::add);
  }

  /** All of them, which are then no longer here. */
  List<Sequence> drain() {
    List<Sequence> all = List.copyOf(sequences);
    sequences.clear();
    return all;
  }
}
