package io.panallama.internal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The sequences without a slot, in admission order: preempted ones before new ones, then the higher effective priority,
 * then the earlier deadline, then the earlier arrival. Waiting raises the effective priority by one for every
 * {@link #AGING}, so no sequence starves. A sequence whose reader does not read is passed over until its mailbox has
 * drained.
 *
 * <p>Engine thread only.
 *
 * @param <S> the type of sequence
 */
public final class WaitingQueue<S extends Schedulable> {
  /** Nanoseconds of waiting that are worth one level of priority. */
  public static final long AGING = 5_000_000_000L;

  private final List<S> sequences = new ArrayList<>();

  public boolean isEmpty() {
    return sequences.isEmpty();
  }

  public void add(S sequence) {
    sequences.add(sequence);
  }

  public void remove(S sequence) {
    sequences.remove(sequence);
  }

  /** The sequence to be admitted next; null if none is waiting, or only sequences whose readers do not read. */
  public @Nullable S first(long now) {
    S first = null;
    for (int i = 0; i < sequences.size(); i++) {
      S candidate = sequences.get(i);
      if (!Preemption.isStalled(candidate) && (first == null || precedes(candidate, first, now))) {
        first = candidate;
      }
    }
    return first;
  }

  private static boolean precedes(Schedulable one, Schedulable other, long now) {
    if (one.wasPreempted() != other.wasPreempted()) {
      return one.wasPreempted();
    }
    long difference = level(one, now) - level(other, now);
    if (difference == 0) {
      difference = Long.compare(other.deadline(), one.deadline());
    }
    return difference > 0 || difference == 0 && one.arrival() < other.arrival();
  }

  /** The effective priority: that of the request, plus one for every {@link #AGING} since it was submitted. */
  static long level(Schedulable sequence, long now) {
    return sequence.priority() + (now - sequence.submitted()) / AGING;
  }

  /** Adds the sequences that pass the filter to {@code target}. */
  public void copyTo(List<S> target, Predicate<S> filter) {
    sequences.stream().filter(filter).forEach(target::add);
  }

  /** Whether any of them passes the test. Allocates nothing. */
  public boolean hasAny(Predicate<S> test) {
    for (int i = 0; i < sequences.size(); i++) {
      if (test.test(sequences.get(i))) {
        return true;
      }
    }
    return false;
  }

  /** Runs an action for each sequence that was active before. Allocates nothing. */
  public void forEachPreempted(Consumer<S> action) {
    for (int i = 0; i < sequences.size(); i++) {
      if (sequences.get(i).wasPreempted()) {
        action.accept(sequences.get(i));
      }
    }
  }

  /** Removes and returns any of them; null if there is none. Allocates nothing. */
  public @Nullable S poll() {
    return sequences.isEmpty() ? null : sequences.removeLast();
  }
}
