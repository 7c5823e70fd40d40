package io.panallama.internal.schedule;

import io.panallama.error.EngineBusyException;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.observe.ActiveGeneration;
import io.panallama.request.Tenant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Knows the generations in flight, and refuses those for which neither a slot nor room in the queue is left.
 *
 * <p>A request that is refused is told when to come back: when a place will most probably be free for it
 * ({@link WaitForecast}), behind those that were refused before it. A place is kept for it then ({@link Promises});
 * otherwise the requests that happen to come while one is free would take them all. What would be computed at once is
 * never refused.
 *
 * <p>While several tenants use the engine, none gets more of the places than its weight's share once all slots are taken.
 *
 * <p>Thread-safe. Callers predict outside of the lock, so the engine's thread never waits for a prediction.
 */
@SuppressWarnings("NonAtomicVolatileUpdate") // updated under the lock
public final class Admission {
  /** What is checked of a request. */
  public enum Bounds {
    /** The number of requests, the tokens that wait, and the tenants' shares. */
    ALL,
    /** Only the tokens: the number was checked elsewhere. */
    TOKENS,
    /** Nothing: the request was admitted before. */
    NONE
  }

  /** Requests that come back within this time come together, and so do those within the time of a full queue. */
  private static final double SHORTEST_PAUSE = 50e6;

  private static final double LONGEST_PAUSE = 900e6;

  /**
   * One in this many places of the queue should be free when a request comes back: answers end in bursts. A longer wait
   * alone does not help, because it is made up for by what comes meanwhile.
   */
  private static final int CUSHION = 3;

  /** The longest queue whose time is predicted; a longer one takes long enough. */
  private static final int MOST_ENDS = 1024;

  private final int slots;
  private final int queueLimit;
  private final long tokenLimit;
  private final LongSupplier clock;
  private final Set<Place> places = ConcurrentHashMap.newKeySet();
  private final Set<Place> running = ConcurrentHashMap.newKeySet();
  private final WaitForecast forecast = new WaitForecast();
  private final ReentrantLock lock = new ReentrantLock();

  // ---- guarded by the lock ----

  private final Promises promises = new Promises();
  private final Map<String, Share> shares = new HashMap<>();
  private long waitingTokens;
  private int waitingPrompts;

  /** Written under the lock. */
  private volatile int inFlight;

  /** Whether there may be promises; written under the lock. */
  private volatile boolean promised;

  /** What one tenant has in flight. */
  private static final class Share {
    private int places;
    private double weight;
  }

  /**
   * Why a request is refused.
   *
   * @param ends how many generations have to end before there is room
   */
  private record Shortage(int ends, Lack of) {}

  private enum Lack {
    PLACES,
    SHARE,
    TOKENS
  }

  /** An admission without a limit of tokens, by the system's clock. */
  public Admission(int slots, int queueLimit) {
    this(slots, queueLimit, 0, System::nanoTime);
  }

  /**
   * @param tokenLimit the most tokens of waiting prompts; 0 for no limit
   * @param clock nanoseconds, like {@link System#nanoTime}
   */
  public Admission(int slots, int queueLimit, int tokenLimit, LongSupplier clock) {
    this.slots = slots;
    this.queueLimit = queueLimit;
    this.tokenLimit = tokenLimit == 0 ? Long.MAX_VALUE : tokenLimit;
    this.clock = clock;
  }

  // ---- requests ----

  /**
   * Takes a place for one generation.
   *
   * @throws EngineBusyException if there is none
   */
  public Place enter(Applicant applicant, Bounds bounds) {
    return enter(applicant, bounds, 1).getFirst();
  }

  /**
   * Takes places for several generations of one request, all or none.
   *
   * @throws EngineBusyException if there are not enough
   */
  List<Place> enter(Applicant applicant, Bounds bounds, int count) {
    OptionalInt identity = identity(applicant, count);
    Shortage shortage;
    lock.lock();
    try {
      long now = clock.getAsLong();
      promises.expire(now);
      promised = !promises.isEmpty();
      Promises.Promise own = ownPromise(applicant, identity, now);
      shortage = shortage(applicant, bounds, count, own, now);
      if (shortage == null) {
        if (own != null) {
          promises.kept(own, now);
        }
        return take(applicant, count, now);
      }
      if (own != null && own.isDue(now)) {
        promises.broken(own, now);
      }
    } finally {
      lock.unlock();
    }
    throw refusal(applicant, count, shortage);
  }

  /**
   * Checks that there is a place for one generation, without taking it.
   *
   * @throws EngineBusyException if there is none now
   */
  public void requirePlace(Applicant applicant) {
    OptionalInt identity = identity(applicant, 1);
    Shortage shortage;
    lock.lock();
    try {
      long now = clock.getAsLong();
      promises.expire(now);
      promised = !promises.isEmpty();
      Promises.Promise own = ownPromise(applicant, identity, now);
      shortage = shortage(applicant, Bounds.ALL, 1, own, now);
      if (shortage != null && own != null && own.isDue(now)) {
        promises.broken(own, now);
      }
    } finally {
      lock.unlock();
    }
    if (shortage != null) {
      throw refusal(applicant, 1, shortage);
    }
  }

  /** By which a promise is found, if there are any. Computed outside of the lock: it takes a while for a long prompt. */
  private OptionalInt identity(Applicant applicant, int count) {
    // A group has none: places that are free, but too few for it, must not be kept from others.
    return promised && count == 1 ? OptionalInt.of(applicant.identity().getAsInt()) : OptionalInt.empty();
  }

  private Promises.@Nullable Promise ownPromise(Applicant applicant, OptionalInt identity, long now) {
    return identity.isEmpty() ? null : promises.of(identity.getAsInt(), applicant.tenant().id(), now);
  }

  /** What keeps a request out; null if nothing does. */
  private @Nullable Shortage shortage(
      Applicant applicant, Bounds bounds, int count, Promises.@Nullable Promise own, long now) {
    if (bounds == Bounds.NONE || inFlight + count <= slots) {
      return null;
    }
    if (bounds == Bounds.ALL) {
      int free = free();
      int kept = Math.max(0, promises.places(tenant -> !isOverShare(tenant)) - (own == null ? 0 : 1));
      // A request that comes back before its time gets in only where all others that were promised a place would.
      // Nothing is kept
      // while a slot is idle.
      int others = inFlight < slots || own != null && own.isDue(now) ? 0 : kept;
      if (free - others < count) {
        return new Shortage(endsFor(promises.size(), count), Lack.PLACES);
      }
      int excess = excess(applicant.tenant(), count);
      if (excess > 0) {
        return new Shortage(endsOfOwn(applicant.tenant(), excess), Lack.SHARE);
      }
    }
    if (tokenLimit == Long.MAX_VALUE || applicant.tokens() == 0 || waitingPrompts == 0) {
      return null;
    }
    long kept = own != null && own.isDue(now) ? 0 : promises.tokens() - (own == null ? 0 : own.tokens());
    long tokens = waitingTokens + Math.max(0, kept) + (long) count * applicant.tokens();
    if (tokens > tokenLimit) {
      double mean = Math.max(1, (double) waitingTokens / waitingPrompts);
      return new Shortage((int) Math.clamp(Math.ceil((tokens - tokenLimit) / mean), 1, waitingPrompts), Lack.TOKENS);
    }
    return null;
  }

  /** How many generations have to end before a request gets places behind this many others. */
  private int endsFor(int before, int count) {
    return Math.max(1, before + count - free() + cushion());
  }

  private int free() {
    return slots + queueLimit - inFlight;
  }

  private int cushion() {
    return queueLimit / CUSHION;
  }

  private List<Place> take(Applicant applicant, int count, long now) {
    List<Place> taken = new ArrayList<>(count);
    Share share = shares.computeIfAbsent(applicant.tenant().id(), _ -> new Share());
    share.weight = applicant.tenant().weight();
    for (int i = 0; i < count; i++) {
      boolean waits = inFlight >= slots;
      Place place = new Place(this, applicant, now, waits);
      if (waits) {
        waitingTokens += applicant.tokens();
        waitingPrompts++;
      }
      share.places++;
      inFlight++;
      places.add(place);
      taken.add(place);
    }
    return taken;
  }

  private EngineBusyException refusal(Applicant applicant, int count, Shortage shortage) {
    long now = clock.getAsLong();
    double waitingPrompt = meanWaitingTokens();
    int all = Math.min(slots + queueLimit, MOST_ENDS);
    double[] times = forecast.times(Math.max(shortage.ends(), all), running, slots, waitingPrompt, now);
    // What a full queue takes; a request that comes later than that finds none of those before it.
    double queue = times[all - 1];
    int identity = count == 1 ? applicant.identity().getAsInt() : 0;
    long apart = (long) Math.clamp(queue, SHORTEST_PAUSE, LONGEST_PAUSE);
    lock.lock();
    try {
      int ends = shortage.ends();
      if (shortage.of() == Lack.PLACES) {
        ends = Math.min(ends, endsFor(promises.tenable(free() - cushion(), times, now), count));
      }
      Duration wait = promises.told(times[ends - 1], Math.max(1, queueLimit), apart, now);
      if (count == 1) {
        promises.add(
            identity, applicant.tenant().id(), now, wait, shortage.of() == Lack.TOKENS ? applicant.tokens() : 0);
        promised = true;
      }
      if (shortage.of() == Lack.TOKENS) {
        return EngineBusyException.tokens(waitingTokens, tokenLimit, queueLimit, wait);
      }
      return count == 1 ? new EngineBusyException(queueLimit, wait) : new EngineBusyException(count, queueLimit, wait);
    } finally {
      lock.unlock();
    }
  }

  private double meanWaitingTokens() {
    lock.lock();
    try {
      return waitingPrompts == 0 ? 0 : (double) waitingTokens / waitingPrompts;
    } finally {
      lock.unlock();
    }
  }

  // ---- shares of the places ----

  private boolean isOverShare(String tenant) {
    Share share = shares.get(tenant);
    return share != null && excess(new Tenant(tenant, share.weight), 0) > 0;
  }

  /** How many places more a tenant would have than its share; 0 or less if it would not, or is the only one. */
  private int excess(Tenant tenant, int more) {
    Share own = shares.get(tenant.id());
    double weights = 0;
    for (Share share : shares.values()) {
      weights += share == own ? 0 : share.weight;
    }
    weights += weightsOfRefused(tenant);
    if (weights == 0) {
      return 0;
    }
    double part = tenant.weight() / (tenant.weight() + weights);
    int share = Math.max(1, (int) ((slots + queueLimit) * part));
    return (own == null ? 0 : own.places) + more - share;
  }

  /** Of the tenants that have nothing in flight, and were told to come back: each counts as one of weight 1. */
  private int weightsOfRefused(Tenant tenant) {
    int weights = 0;
    for (String other : promises.tenants()) {
      weights += other.equals(tenant.id()) || shares.containsKey(other) ? 0 : 1;
    }
    return weights;
  }

  /** How many generations will have ended when this many of a tenant's have. */
  private int endsOfOwn(Tenant tenant, int ends) {
    Share own = shares.get(tenant.id());
    int places = own == null ? 1 : Math.max(1, own.places);
    return Math.max(1, (int) Math.ceil((double) ends * inFlight / places));
  }

  // ---- places, from any thread ----

  void promptKnown(Place place, int count) {
    lock.lock();
    try {
      if (place.isCounted()) {
        waitingTokens += count - place.promptTokens();
      }
      place.setPromptTokens(count);
    } finally {
      lock.unlock();
    }
  }

  void started(Place place) {
    lock.lock();
    try {
      place.setRunning(true, clock.getAsLong());
      running.add(place);
      uncount(place);
    } finally {
      lock.unlock();
    }
  }

  void requeued(Place place) {
    lock.lock();
    try {
      place.setRunning(false, clock.getAsLong());
      running.remove(place);
    } finally {
      lock.unlock();
    }
  }

  private void uncount(Place place) {
    if (place.uncount()) {
      waitingTokens -= place.promptTokens();
      waitingPrompts--;
    }
  }

  void leave(Place place) {
    lock.lock();
    try {
      if (place.markLeft()) {
        places.remove(place);
        running.remove(place);
        uncount(place);
        inFlight--;
        Share share = shares.get(place.tenant().id());
        if (share != null && --share.places == 0) {
          shares.remove(place.tenant().id());
        }
      }
    } finally {
      lock.unlock();
    }
  }

  void learn(Usage usage, Timings timings) {
    forecast.learn(usage, timings);
  }

  // ---- readers ----

  /** The number of generations in flight. */
  public int inFlight() {
    return inFlight;
  }

  /** The generations in flight that have a name, the oldest first. Never waits for the engine. */
  public List<ActiveGeneration> active() {
    long now = clock.getAsLong();
    return places.stream()
        .filter(place -> place.id() != 0)
        .map(place -> place.snapshot(now))
        .sorted(Comparator.comparingLong(ActiveGeneration::id))
        .toList();
  }

  /** Cancels the generation with this id; false if there is none. */
  public boolean cancel(long id) {
    for (Place place : places) {
      if (place.id() == id && id != 0) {
        place.cancel();
        return true;
      }
    }
    return false;
  }
}
