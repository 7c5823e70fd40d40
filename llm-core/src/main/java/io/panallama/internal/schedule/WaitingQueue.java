package io.panallama.internal.schedule;

import io.panallama.request.GenerationOptions;
import java.util.ArrayList;
import java.util.Collections;
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
 * <p>While sequences of several tenants wait, the tenant comes first at each priority that has got the least for its
 * weight ({@link TenantShare}), and then the order above decides among its sequences. Between priorities, a sequence ages
 * only from when its tenant got another one of that priority admitted: a tenant does not overtake others by queueing many
 * sequences that grow old.
 *
 * <p>Engine thread only.
 *
 * @param <S> the type of sequence
 */
public final class WaitingQueue<S extends Schedulable> {
  /** Nanoseconds of waiting that are worth one level of priority. */
  public static final long AGING = 5_000_000_000L;

  private final List<S> sequences = new ArrayList<>();

  /** The best of each priority; used only during a choice. */
  private final List<@Nullable S> best = new ArrayList<>(Collections.nCopies(GenerationOptions.MAX_PRIORITY + 1, null));

  /** How many tenants have sequences here. */
  private int tenants;

  public boolean isEmpty() {
    return sequences.isEmpty();
  }

  public void add(S sequence) {
    sequences.add(sequence);
    TenantShare share = sequence.share();
    if (share != null && share.addWaiting(1) == 1) {
      tenants++;
    }
  }

  public void remove(S sequence) {
    if (sequences.remove(sequence)) {
      removed(sequence);
    }
  }

  private void removed(S sequence) {
    TenantShare share = sequence.share();
    if (share != null && share.addWaiting(-1) == 0) {
      tenants--;
    }
  }

  /** The sequence to be admitted next; null if none is waiting, or only sequences whose readers do not read. */
  public @Nullable S first(long now) {
    return tenants > 1 ? fairest(now) : oldest(now);
  }

  private @Nullable S oldest(long now) {
    S first = null;
    for (int i = 0; i < sequences.size(); i++) {
      S candidate = sequences.get(i);
      if (!Preemption.isStalled(candidate) && (first == null || precedes(candidate, first, now))) {
        first = candidate;
      }
    }
    return first;
  }

  /** As {@link #oldest}, but among several tenants. */
  private @Nullable S fairest(long now) {
    S preempted = null;
    for (int i = 0; i < sequences.size(); i++) {
      S candidate = sequences.get(i);
      if (Preemption.isStalled(candidate)) {
        continue;
      }
      if (candidate.wasPreempted()) {
        preempted = preempted == null || precedes(candidate, preempted, now) ? candidate : preempted;
        continue;
      }
      S other = best.get(candidate.priority());
      if (other == null || isFairer(candidate, other, now)) {
        best.set(candidate.priority(), candidate);
      }
    }
    S first = null;
    for (int priority = 0; priority < best.size(); priority++) {
      S candidate = best.set(priority, null);
      if (candidate != null && (first == null || isMoreUrgent(candidate, first, now))) {
        first = candidate;
      }
    }
    return preempted == null ? first : preempted;
  }

  /** Of two sequences of one priority. */
  private static boolean isFairer(Schedulable one, Schedulable other, long now) {
    double difference = served(one) - served(other);
    return difference == 0 ? precedes(one, other, now) : difference < 0;
  }

  private static double served(Schedulable sequence) {
    TenantShare share = sequence.share();
    return share == null ? 0 : share.served();
  }

  /** Of two sequences of different priorities. */
  private static boolean isMoreUrgent(Schedulable one, Schedulable other, long now) {
    return ranksBefore(one, other, neglectedLevel(one, now) - neglectedLevel(other, now));
  }

  private static long neglectedLevel(Schedulable sequence, long now) {
    TenantShare share = sequence.share();
    return sequence.priority()
        + (now - (share == null ? sequence.submitted() : share.neglectedSince(sequence))) / AGING;
  }

  private static boolean precedes(Schedulable one, Schedulable other, long now) {
    if (one.wasPreempted() != other.wasPreempted()) {
      return one.wasPreempted();
    }
    return ranksBefore(one, other, level(one, now) - level(other, now));
  }

  /**
   * @param levels by how much the effective priority of {@code one} is higher
   */
  private static boolean ranksBefore(Schedulable one, Schedulable other, long levels) {
    long difference = levels == 0 ? Long.compare(other.deadline(), one.deadline()) : levels;
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
    if (sequences.isEmpty()) {
      return null;
    }
    S last = sequences.removeLast();
    removed(last);
    return last;
  }
}
