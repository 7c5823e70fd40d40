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
 * in time and finds no place, later ones are told to wait longer, so that about one in twenty fails in the long run.
 */
final class Promises {
  /** After this many outcomes at least, and after as many as there were promises, the waits are adjusted. */
  private static final int OUTCOMES = 10;

  /** The part of the outcomes that may be in vain; the waits get longer beyond it, and shorter below. */
  private static final double IN_VAIN = 0.03;

  /** The part beyond which they get much longer. */
  private static final double OFTEN_IN_VAIN = 0.1;

  private static final double SHORTER = 1 / 1.1;
  private static final double LONGER = 1.1;
  private static final double MUCH_LONGER = 1.3;

  /** A promise is given up only where the predicted time is this much too long: the prediction is cautious. */
  private static final double HOPE = 0.3;

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
   * @param made when it was made
   */
  record Promise(int identity, String tenant, long due, long end, int tokens, long made) {
    boolean isDue(long now) {
      return now - due >= 0;
    }
  }

  /** In the order in which they are due. */
  private final List<Promise> promises = new ArrayList<>();

  /** How many there are to each tenant. */
  private final Map<String, Integer> tenants = new HashMap<>();

  private double patience = 1;

  /** Since when promises are made with this patience: only they say something about it. */
  private long adjusted = Long.MIN_VALUE / 2;

  private int outcomes = OUTCOMES;
  private int inTime;
  private int inVain;
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

  /**
   * The promise that a request got: the first that is due. One that is not due is its own only if it is the only one to such a
   * request; otherwise an equal request of somebody else would take it. Null if there is none.
   */
  @Nullable Promise of(int identity, String tenant, long now) {
    Promise found = null;
    int count = 0;
    for (Promise promise : promises) {
      if (promise.identity() == identity && promise.tenant().equals(tenant)) {
        if (promise.isDue(now)) {
          return promise;
        }
        found = promise;
        count++;
      }
    }
    return count == 1 ? found : null;
  }

  /** How many places are kept for the promises to these tenants. */
  int places(Predicate<String> wanted) {
    int count = 0;
    for (Map.Entry<String, Integer> tenant : tenants.entrySet()) {
      count += wanted.test(tenant.getKey()) ? tenant.getValue() : 0;
    }
    return (int) Math.round(count * returnRate);
  }

  /**
   * How many of the promises can be kept, by what is predicted now. Where too many come back together, the rest will come in vain and
   * be told another time; to count those as well would bring all of them together again.
   *
   * @param free how many places are free for them now; negative if so many have to become free first
   * @param times after which nanoseconds one more place is free, and another one ...
   */
  int tenable(int free, double[] times, long now) {
    int tenable = 0;
    for (Promise promise : promises) {
      int wanted = tenable - free;
      if (wanted < 0 || wanted < times.length && times[wanted] * HOPE <= promise.due() - now) {
        tenable++;
      }
    }
    return (int) Math.round(tenable * returnRate);
  }

  /** How many there are. */
  int size() {
    return promises.size();
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
    came(promise);
    if (promise.isDue(now)) {
      learn(promise, false, now);
    }
  }

  /** A request came back in time and did not get in. */
  void broken(Promise promise, long now) {
    came(promise);
    learn(promise, true, now);
  }

  private void came(Promise promise) {
    if (promises.remove(promise)) {
      forgotten(promise);
    }
    returnRate += (1 - returnRate) * WEIGHT;
  }

  private void learn(Promise promise, boolean vain, long now) {
    if (promise.made() - adjusted < 0) {
      return;
    }
    inVain += vain ? 1 : 0;
    inTime += vain ? 0 : 1;
    if (inVain + inTime >= outcomes) {
      double part = (double) inVain / outcomes;
      double change = part > OFTEN_IN_VAIN ? MUCH_LONGER : part > IN_VAIN ? LONGER : SHORTER;
      patience = Math.clamp(patience * change, 1, LONGEST_PATIENCE);
      adjusted = now;
      // The first outcomes are those of the shortest waits, which tell less than all of them.
      outcomes = Math.max(OUTCOMES, promises.size());
      inVain = 0;
      inTime = 0;
    }
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
      int place = promises.size();
      while (place > 0 && promises.get(place - 1).due() > due) {
        place--;
      }
      promises.add(place, new Promise(identity, tenant, due, due + GRACE + wait.toNanos() / 10, tokens, now));
      tenants.merge(tenant, 1, Integer::sum);
    }
  }
}
