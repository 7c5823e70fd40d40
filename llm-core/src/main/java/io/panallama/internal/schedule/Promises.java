package io.panallama.internal.schedule;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * When refused requests were told to come back. A place is kept for each, so that those that come first while it waits
 * don't take it. Guarded by the lock of its {@link Admission}.
 *
 * <p>Promises learn from what becomes of them. Where few requests come back, fewer places are kept. Where one comes back
 * in time and finds no place, later ones are told to wait longer; {@link #BROKEN} and {@link #KEPT} make about one in
 * twenty fail in the long run.
 */
final class Promises {
  /** How much longer requests are told to wait after one that came back in vain. */
  static final double BROKEN = 1.25;

  /** How much shorter after one that got in: 1.25 is its 19th power. */
  static final double KEPT = 1.0118;

  /** The most that waits are lengthened by. */
  private static final double LONGEST_PATIENCE = 16;

  /** The most promises that are remembered. Beyond it, a request is told a time without a promise. */
  private static final int MOST = 1024;

  private static final long SECOND = 1_000_000_000L;

  /** How late a request may come back: this, and a tenth of the time that it was told. */
  private static final long GRACE = 2 * SECOND;

  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofHours(1);

  /** The weight of one request in the rate of those that come back. */
  private static final double WEIGHT = 1.0 / 16;

  /**
   * A promise to a request.
   *
   * @param identity by which it is known again
   * @param due when it was told to come back
   * @param end until when a place is kept
   * @param tokens the length of its prompt; 0 if it was not known
   */
  record Promise(int identity, String tenant, long due, long end, int tokens) {
    boolean isDue(long now) {
      return now - due >= 0;
    }
  }

  private final List<Promise> promises = new ArrayList<>();

  /** How many there are to each tenant. */
  private final Map<String, Integer> tenants = new HashMap<>();

  private double patience = 1;
  private double returnRate = 1;

  boolean isEmpty() {
    return promises.isEmpty();
  }

  /** Forgets those for which nobody came. */
  void expire(long now) {
    for (int i = promises.size() - 1; i >= 0; i--) {
      if (now - promises.get(i).end() > 0) {
        forgotten(promises.remove(i));
        returnRate -= returnRate * WEIGHT;
      }
    }
  }

  private void forgotten(Promise promise) {
    tenants.computeIfPresent(promise.tenant(), (_, count) -> count == 1 ? null : count - 1);
  }

  /** The promise that a request may have got: the first that is due, otherwise the latest; null if there is none. */
  @Nullable Promise of(int identity, String tenant, long now) {
    Promise found = null;
    for (Promise promise : promises) {
      if (promise.identity() == identity && promise.tenant().equals(tenant)) {
        if (promise.isDue(now)) {
          return promise;
        }
        found = promise;
      }
    }
    return found;
  }

  /** How many places are kept for the promises to these tenants. */
  int places(Predicate<String> wanted) {
    int count = 0;
    for (Map.Entry<String, Integer> tenant : tenants.entrySet()) {
      count += wanted.test(tenant.getKey()) ? tenant.getValue() : 0;
    }
    return (int) Math.round(count * returnRate);
  }

  /** How many tokens of waiting prompts are kept. */
  long tokens() {
    long tokens = 0;
    for (Promise promise : promises) {
      tokens += promise.tokens();
    }
    return Math.round(tokens * returnRate);
  }

  /** To whom there are some. */
  Set<String> tenants() {
    return tenants.keySet();
  }

  /** A request came back and got in. */
  void kept(Promise promise, long now) {
    if (promises.remove(promise)) {
      forgotten(promise);
    }
    returnRate += (1 - returnRate) * WEIGHT;
    if (promise.isDue(now)) {
      patience = Math.max(1, patience / KEPT);
    }
  }

  /** A request came back in time and did not get in. */
  void broken(Promise promise) {
    if (promises.remove(promise)) {
      forgotten(promise);
    }
    returnRate += (1 - returnRate) * WEIGHT;
    patience = Math.min(LONGEST_PATIENCE, patience * BROKEN);
  }

  /**
   * How long a request is told to wait: whole seconds, as HTTP has them.
   *
   * @param nanos after which a place is expected
   * @param together how many may come back at about the same time, since whole seconds bring them together
   * @param apart nanoseconds between those that don't
   */
  Duration told(double nanos, int together, long apart, long now) {
    double least = Math.ceil(nanos * patience / 1e9);
    long seconds = (long) Math.clamp(least, SHORTEST.toSeconds(), LONGEST.toSeconds());
    while (seconds < LONGEST.toSeconds() && count(now + seconds * SECOND, apart) >= together) {
      seconds++;
    }
    return Duration.ofSeconds(seconds);
  }

  /** How many come back at about this time. */
  private int count(long due, long apart) {
    int count = 0;
    for (Promise promise : promises) {
      count += Math.abs(promise.due() - due) < apart ? 1 : 0;
    }
    return count;
  }

  /** Keeps a place for a request that was told to come back after a time. */
  void add(int identity, String tenant, long now, Duration wait, int tokens) {
    if (promises.size() < MOST) {
      long due = now + wait.toNanos();
      promises.add(new Promise(identity, tenant, due, due + GRACE + wait.toNanos() / 10, tokens));
      tenants.merge(tenant, 1, Integer::sum);
    }
  }
}
