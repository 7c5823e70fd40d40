package io.panallama.server.registry;

import io.panallama.observe.EngineStats;
import io.panallama.observe.MemoryUse;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.PassageSearch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The models that are served, by name.
 *
 * <p>Lifetime: empty at first, which means that a model is still being loaded; {@link #close} ends it. It closes no
 * engine: {@link ServedEngine#onRelease} tells its owner when no request uses it any more.
 *
 * <p>Safe for use by several threads.
 */
public final class Registry {
  /** How long a revoked request may take to write that it was cancelled. */
  private static final Duration FAREWELL = Duration.ofSeconds(1);

  private final RequestLimits limits;
  private final boolean strictNames;
  private final AnswerTotals totals = new AnswerTotals();
  private volatile RequestMeter meter = RequestMeter.NONE;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();

  /** By the models' ids, in the order in which they were added; the first is the default. */
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /** Those that generate no text, by their kind and id, in the order in which they were added; the first of a kind is its default. */
  private final Map<Key, Served> besides = new LinkedHashMap<>();

  private final Set<Lease> leases = new HashSet<>();

  private @Nullable DocumentLibrary documents;

  private @Nullable PassageSearch passages;

  private record Key(Class<?> kind, String id) {}

  /** Requests that are worked for without a lease. */
  private int withoutLease;

  private boolean closed;
  private boolean revoked;
  private boolean everServed;

  /** Whether there will be no model that generates, so that the others are enough. */
  private boolean withoutGenerator;

  /** A registry without models, for requests of any size. */
  public Registry() {
    this(RequestLimits.NONE, true);
  }

  /**
   * A registry without models, for requests within these limits.
   *
   * @param strictNames whether a name that no model has is unknown even while there is one model only
   */
  public Registry(RequestLimits limits, boolean strictNames) {
    this.limits = limits;
    this.strictNames = strictNames;
  }

  /** Sums over all answers. */
  public AnswerTotals totals() {
    return totals;
  }

  /** Counts requests from now on. */
  public void countWith(RequestMeter counter) {
    meter = counter;
  }

  /** What counts requests. */
  public RequestMeter meter() {
    return meter;
  }

  RequestLimits limits() {
    return limits;
  }

  /**
   * A model that can be used.
   *
   * @param stats what its engine is doing, if that is known
   */
  public record Ready(ServedModel model, Optional<EngineStats> stats) {}

  /** A model that generates, and what generates for it. */
  public record Generating(ServedModel model, ServedEngine engine) {}

  /**
   * A model that is served, whether it can be used now or not.
   *
   * @param stats what its engine is doing, if that is known
   * @param memory what llama.cpp holds for it, by device; empty if that is not known
   */
  public record State(ServedModel model, Health health, Optional<EngineStats> stats, List<MemoryUse> memory) {
    /** A model that generates. */
    State(ServedModel model, Health health, Optional<EngineStats> stats) {
      this(model, health, stats, stats.map(known -> known.detail().memory()).orElseGet(List::of));
    }
  }

  /** Serves this model alone. Those that were served before are retired: open leases on them stay valid. */
  public void serve(ServedModel model, ServedEngine engine) {
    List<Entry> old =
        locked(() -> {
          List<Entry> all = List.copyOf(entries.values());
          entries.clear();
          entries.put(model.id(), new Entry(model, engine));
          everServed = true;
          return all.stream().filter(Entry::retire).toList();
        });
    old.forEach(entry -> entry.engine().release());
  }

  /**
   * Serves this model besides the others. A model of the same id is swapped: new leases are on the new engine, open ones stay
   * on the old.
   *
   * @throws IllegalArgumentException if a model of another id has one of its names
   */
  public void add(ServedModel model, ServedEngine engine) {
    Optional<Entry> old =
        locked(() -> {
          checkNames(model);
          Entry before = entries.put(model.id(), new Entry(model, engine));
          everServed = true;
          return Optional.ofNullable(before).filter(Entry::retire);
        });
    old.ifPresent(entry -> entry.engine().release());
  }

  /** Ends serving a model; open leases on it stay valid. Nothing happens if none has this id. */
  public void retire(String id) {
    Optional<Entry> old = locked(() -> Optional.ofNullable(entries.remove(id)).filter(Entry::retire));
    old.ifPresent(entry -> entry.engine().release());
  }

  /**
   * Serves a model that generates no text, besides those that do. One of the same kind and id is replaced.
   *
   * @throws IllegalArgumentException if a model of another id has one of its names
   */
  public void add(Served served) {
    locked(() -> {
      checkNames(served.model());
      return besides.put(new Key(served.getClass(), served.model().id()), served);
    });
  }

  /** Says that no model that generates text will be served: those that don't, which were added before, are all there is. */
  public void serveWithoutGenerator() {
    locked(() -> {
      everServed = true;
      withoutGenerator = true;
      return true;
    });
  }

  /** Serves uploaded files and their vector stores. One that was served before is replaced. */
  public void serve(DocumentLibrary library) {
    locked(() -> {
      documents = library;
      passages = library;
      return library;
    });
  }

  /** Searches vector stores so, without files behind them. */
  public void serve(PassageSearch search) {
    locked(() -> passages = search);
  }

  /** Searches vector stores; empty if none are served. */
  Optional<PassageSearch> passages() {
    return locked(() -> Optional.ofNullable(passages));
  }

  /** The uploaded files and their vector stores; empty if none are served. */
  public Optional<DocumentLibrary> documents() {
    return locked(() -> Optional.ofNullable(documents));
  }

  /** A model that gives vectors; see {@link #find(Class, String)}. */
  public Optional<ServedEmbedder> embedder(@Nullable String name) {
    return find(ServedEmbedder.class, name);
  }

  /** A model that ranks documents; see {@link #find(Class, String)}. */
  public Optional<ServedReranker> reranker(@Nullable String name) {
    return find(ServedReranker.class, name);
  }

  /** A model that gives labels; see {@link #find(Class, String)}. */
  public Optional<ServedClassifier> classifier(@Nullable String name) {
    return find(ServedClassifier.class, name);
  }

  /**
   * A model of a kind.
   *
   * @param name as in {@link #lease}, among these models
   * @return empty if there is none
   * @throws ModelUnavailableException if there may be one later, or the registry is closed
   * @throws UnknownModelException if there are some, and none has this name
   */
  private <T extends Served> Optional<T> find(Class<T> kind, @Nullable String name) {
    return locked(() -> {
      List<T> all = besides.values().stream().filter(kind::isInstance).map(kind::cast).toList();
      if (all.isEmpty()) {
        checkOpen();
        return Optional.empty();
      }
      if (closed) {
        throw ModelUnavailableException.shuttingDown();
      }
      T first = all.getFirst();
      if (name == null || name.isEmpty() || name.equals(ServedModel.DEFAULT_NAME)) {
        return Optional.of(first);
      }
      if (all.size() == 1 && !strictNames) {
        return Optional.of(first);
      }
      for (T served : all) {
        if (served.model().answersTo(name)) {
          return Optional.of(served);
        }
      }
      throw new UnknownModelException(name, all.stream().map(Served::model).toList());
    });
  }

  /**
   * Does work for a request that needs no lease; {@link #close} waits for it, too.
   *
   * @throws ModelUnavailableException if the registry is closed
   */
  public <T> T running(Supplier<T> work) {
    locked(() -> {
      if (closed) {
        throw ModelUnavailableException.shuttingDown();
      }
      return ++withoutLease;
    });
    try {
      return work.get();
    } finally {
      locked(() -> {
        withoutLease--;
        returned.signalAll();
        return withoutLease;
      });
    }
  }

  private void checkNames(ServedModel model) {
    for (ServedModel other : served()) {
      if (!other.id().equals(model.id()) && model.names().stream().anyMatch(other.names()::contains)) {
        throw new IllegalArgumentException(
            "The models \""
                + other.id()
                + "\" and \""
                + model.id()
                + "\" share a name; each name must be one model's.");
      }
    }
  }

  /**
   * Leases a model.
   *
   * @param name its id or an alias; null, empty or {@link ServedModel#DEFAULT_NAME} for the default. While there is one model,
   *     it has every name, unless names are strict.
   * @throws ModelUnavailableException if it cannot generate now
   * @throws UnknownModelException if no model has this name
   */
  public Lease lease(@Nullable String name) {
    Lease lease =
        locked(() -> {
          checkOpen();
          if (entries.isEmpty()) {
            throw ModelUnavailableException.noneGenerates(served());
          }
          Entry entry = find(name);
          Lease fresh = new Lease(this, entry);
          entry.lease();
          leases.add(fresh);
          return fresh;
        });
    try {
      lease.entry().checkHealth();
      return lease;
    } catch (Throwable unhealthy) {
      lease.close();
      throw unhealthy;
    }
  }

  /**
   * The models that are served, the default one first.
   *
   * @throws ModelUnavailableException if there is none yet, or the registry is closed
   */
  public List<ServedModel> models() {
    return locked(() -> {
      checkOpen();
      return served();
    });
  }

  /**
   * A model by name, as {@link #lease} finds it, or one that generates no text.
   *
   * @throws ModelUnavailableException if there is none yet, or the registry is closed
   * @throws UnknownModelException if no model has this name
   */
  public ServedModel model(String name) {
    return model(name, this::find);
  }

  /**
   * The model that has a name, even where the only one answers to any.
   *
   * @throws ModelUnavailableException if there is none yet, or the registry is closed
   * @throws UnknownModelException if no model has this name
   */
  public ServedModel modelNamed(String name) {
    return model(name, this::named);
  }

  private ServedModel model(String name, Function<String, Entry> lookup) {
    return locked(() -> {
      checkOpen();
      for (Served served : besides.values()) {
        if (served.model().answersTo(name) || entries.isEmpty() && name.equals(ServedModel.DEFAULT_NAME)) {
          return served.model();
        }
      }
      if (entries.isEmpty()) {
        throw new UnknownModelException(name, served());
      }
      return lookup.apply(name).model();
    });
  }

  /**
   * The models that generate and what their engines are doing, the default one first; if none generates, the others.
   *
   * @throws ModelUnavailableException if one of them cannot generate, one that generates no text cannot compute, there is none yet, or the registry is closed
   */
  public List<Ready> checkReady() {
    List<Served> others = new ArrayList<>();
    List<Entry> all =
        locked(() -> {
          checkOpen();
          others.addAll(besides.values());
          return List.copyOf(entries.values());
        });
    all.forEach(Entry::checkReady);
    others.forEach(served -> ModelUnavailableException.unlessUp(served.model().id(), served.health()));
    return all.isEmpty()
        ? others.stream().map(served -> new Ready(served.model(), Optional.empty())).toList()
        : all.stream().map(entry -> new Ready(entry.model(), entry.engine().stats())).toList();
  }

  /**
   * A model that generates, with its engine.
   *
   * @param name as in {@link #lease}
   * @return empty if none generates
   * @throws ModelUnavailableException if there is none yet, or the registry is closed
   * @throws UnknownModelException if no model has this name
   */
  public Optional<Generating> generating(@Nullable String name) {
    return locked(() -> {
      checkOpen();
      return entries.isEmpty()
          ? Optional.<Generating>empty()
          : Optional.of(find(name)).map(entry -> new Generating(entry.model(), entry.engine()));
    });
  }

  /** All models, those that generate first; empty while the first is being loaded. Never waits. */
  public List<State> states() {
    List<Served> others = new ArrayList<>();
    List<Entry> all =
        locked(() -> {
          others.addAll(besides.values());
          return List.copyOf(entries.values());
        });
    return Stream.concat(
            all.stream().map(entry -> new State(entry.model(), entry.engine().health(), entry.engine().stats())),
            others.stream()
                .map(served -> new State(served.model(), served.health(), Optional.empty(), served.memory())))
        .toList();
  }

  /** How many requests are being worked for: open leases, and those without one. */
  public int openLeases() {
    return locked(() -> leases.size() + withoutLease);
  }

  /** Whether no model has been served yet, and one may still come. */
  public boolean isLoading() {
    return locked(() -> !closed && !everServed);
  }

  /** Whether {@link #close} was called. */
  public boolean isClosed() {
    return locked(() -> closed);
  }

  /**
   * Refuses further leases and drains: waits for the open ones for up to {@code grace}, then revokes those that are left and
   * gives them a second to be returned. An interrupt ends the waiting, not the closing. Repeating it is harmless.
   */
  public void close(Duration grace) {
    boolean interrupted;
    List<Runnable> revocations = new ArrayList<>();
    lock.lock();
    try {
      closed = true;
      interrupted = !awaitReturned(grace);
      revoked = true;
      leases.forEach(lease -> revocations.addAll(lease.revoke()));
    } finally {
      lock.unlock();
    }
    revocations.forEach(Runnable::run);
    lock.lock();
    try {
      interrupted = interrupted || !awaitReturned(FAREWELL);
    } finally {
      lock.unlock();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Adds an action for the revocation of a lease; true if that has happened already. */
  boolean addRevokeAction(List<Runnable> actions, Runnable action) {
    return locked(() -> {
      if (!revoked) {
        actions.add(action);
      }
      return revoked;
    });
  }

  void give(Lease lease) {
    boolean last =
        locked(() -> {
          if (!lease.giveBack()) {
            return false;
          }
          leases.remove(lease);
          if (leases.isEmpty()) {
            returned.signalAll();
          }
          return lease.entry().giveBack();
        });
    if (last) {
      lease.entry().engine().release();
    }
  }

  /**
   * Does nothing if there is a model, healthy or not.
   *
   * @throws ModelUnavailableException if there is none yet, or the registry is closed
   */
  public void checkServing() {
    locked(() -> {
      checkOpen();
      return true;
    });
  }

  private void checkOpen() {
    if (closed) {
      throw ModelUnavailableException.shuttingDown();
    }
    if (entries.isEmpty() && !withoutGenerator) {
      throw ModelUnavailableException.loading();
    }
  }

  private Entry find(@Nullable String name) {
    boolean any = entries.size() == 1 && !strictNames && !isBeside(name);
    if (name == null || name.isEmpty() || any) {
      return entries.values().iterator().next();
    }
    return named(name);
  }

  private boolean isBeside(@Nullable String name) {
    return name != null && besides.values().stream().anyMatch(served -> served.model().answersTo(name));
  }

  private Entry named(String name) {
    if (name.equals(ServedModel.DEFAULT_NAME)) {
      return entries.values().iterator().next();
    }
    for (Entry entry : entries.values()) {
      if (entry.model().answersTo(name)) {
        return entry;
      }
    }
    throw new UnknownModelException(name, entries.values().stream().map(Entry::model).toList());
  }

  /** Those that generate first. */
  private List<ServedModel> served() {
    return Stream.concat(entries.values().stream().map(Entry::model), besides.values().stream().map(Served::model))
        .toList();
  }

  /** Waits until no lease is open or the time is over; false if the thread was interrupted meanwhile. */
  private boolean awaitReturned(Duration patience) {
    long nanos = TimeUnit.NANOSECONDS.convert(patience);
    try {
      while ((!leases.isEmpty() || withoutLease > 0) && nanos > 0) {
        nanos = returned.awaitNanos(nanos);
      }
      return true;
    } catch (InterruptedException hurry) {
      return false;
    }
  }

  private <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }
}
