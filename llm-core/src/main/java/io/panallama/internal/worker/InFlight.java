package io.panallama.internal.worker;

import io.panallama.config.EngineConfig;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.internal.schedule.Admission;
import io.panallama.internal.schedule.Applicant;
import io.panallama.internal.schedule.Reservation;
import io.panallama.observe.ActiveGeneration;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The generations and calls that have not ended: sends them to the worker that there is, again to the next one if it dies,
 * and finds those that kill. Thread-safe.
 */
final class InFlight {
  /** How many calls about texts are tried at the same time when one of them is suspected. */
  private static final int TEXTS_TOGETHER = 64;

  private final Status status;
  private final Admission admission;
  private final Refusals refusals;
  private final AtomicLong ids = new AtomicLong();
  private final Map<Long, RemoteGeneration> generations = new ConcurrentHashMap<>();
  private final Map<Long, Call> calls = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();

  // ---- guarded by the lock ----

  private final Suspicion<Suspect> suspicion;

  /** The worker that is sent to; read without the lock as well. */
  private volatile @Nullable Life life;

  /**
   * @param slots how many generations a worker computes at the same time
   * @param queueLimit how many generations may wait
   * @param together how many suspects are tried at the same time
   */
  private InFlight(int slots, int queueLimit, int together, Duration refusal, Status status) {
    this.status = status;
    this.admission = new Admission(slots, queueLimit);
    this.refusals = new Refusals(refusal);
    this.suspicion = new Suspicion<>(together);
  }

  static InFlight of(Workload work, Status status) {
    Duration refusal = work.isolation().refusal();
    return switch (work) {
      case Workload.Generations(EngineConfig config) ->
          new InFlight(config.slots(), config.queueLimit(), config.slots(), refusal, status);
      case Workload.Texts _ -> new InFlight(1, 0, TEXTS_TOGETHER, refusal, status);
    };
  }

  // ---- callers ----

  /** The requests that were killed a short while ago. */
  Refusals refusals() {
    return refusals;
  }

  /** The number of generations. */
  int count() {
    return admission.inFlight();
  }

  /** Reserves places for several generations, all or none. */
  Reservation reserve(Applicant applicant, int count) {
    return new Reservation(admission, applicant, count);
  }

  /** The generations, the oldest first. */
  List<ActiveGeneration> active() {
    return admission.active();
  }

  /** Cancels the generation with this id; false if there is none. */
  boolean cancel(long id) {
    return admission.cancel(id);
  }

  /** A number that no generation and no call has. */
  long nextId() {
    return ids.incrementAndGet();
  }

  /**
   * Makes a call, which has to be added.
   *
   * @throws GenerationException if an equal one killed workers a short while ago
   */
  Call call(Question question, Consumer<Output> values) {
    Output content = new Output();
    values.accept(content.put(question));
    Call call = new Call(nextId(), question, content.toBytes());
    refusals.check(call::key);
    return call;
  }

  /**
   * Adds a generation, and sends it if there is a worker.
   *
   * @param reservation whose place it takes; null if it takes one of its own
   */
  void add(RemoteGeneration generation, Applicant applicant, @Nullable Reservation reservation) {
    generation.takes(reservation == null ? admission.enter(applicant, Admission.Bounds.ALL) : reservation.use());
    generations.put(generation.id(), generation);
    lock.lock();
    try {
      if (status.hasEnded()) {
        generation.fail(status.unserved());
        remove(generation);
        status.requireOpen();
      }
      sendIfAllowed(generation);
    } finally {
      lock.unlock();
    }
  }

  /** Adds a call, and sends it if there is a worker. It is forgotten when it is answered, or its caller gives it up. */
  void add(Call call) {
    calls.put(call.id(), call);
    lock.lock();
    try {
      if (status.hasEnded()) {
        call.answer().completeExceptionally(status.unserved());
      }
      if (call.answer().isDone()) {
        remove(call);
      } else {
        sendIfAllowed(call);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Forgets a call: it is answered, or nobody waits for it any more. */
  void remove(Call call) {
    if (calls.remove(call.id()) != null) {
      release(call);
    }
  }

  /** Forgets a call that its caller has given up, and tells the worker that has it. */
  void cancel(Call call) {
    Life to;
    lock.lock();
    try {
      to = call.life();
      call.answer().cancel(false);
    } finally {
      lock.unlock();
    }
    if (to != null && calls.containsKey(call.id())) {
      to.send(new Output(32).begin(FrameKind.CANCEL).put(call.id()).end());
    }
    remove(call);
  }

  /** It is no suspect any more; others that had to wait may go on. */
  private void release(Suspect ended) {
    lock.lock();
    try {
      if (!suspicion.isIdle() && suspicion.ended(ended)) {
        sendAll();
      }
    } finally {
      lock.unlock();
    }
  }

  // ---- readers ----

  /** The reader of a generation has room for more events. */
  void credit(RemoteGeneration generation, int events) {
    send(generation, new Output(32).begin(FrameKind.CREDIT).put(generation.id()).put(events).end());
  }

  /** The reader of a generation wants no more. */
  void cancel(RemoteGeneration generation) {
    boolean waits;
    lock.lock();
    try {
      waits = generation.life() == null && generations.containsKey(generation.id());
      if (waits) {
        generation.finish(FinishReason.CANCELLED);
        remove(generation);
      }
    } finally {
      lock.unlock();
    }
    if (!waits) {
      send(generation, new Output(32).begin(FrameKind.CANCEL).put(generation.id()).end());
    }
  }

  private void send(RemoteGeneration generation, Output frame) {
    Life to = life;
    if (to != null && generations.containsKey(generation.id())) {
      to.send(frame);
    }
  }

  // ---- sending ----

  /** Sends a generation to the worker unless the worker has it, or others are tried without it. Under the lock. */
  private void sendIfAllowed(RemoteGeneration generation) {
    Life to = life;
    if (to == null || generation.life() == to || generation.hasEnded()) {
      return;
    }
    if (mayRun(generation)) {
      generation.life(to);
      Output out = new Output();
      generation.writeSubmission(out);
      to.send(out);
    }
  }

  private void sendIfAllowed(Call call) {
    Life to = life;
    if (to != null && call.life() != to && !call.answer().isDone() && mayRun(call)) {
      call.sent(to);
    }
  }

  private boolean mayRun(Suspect one) {
    Set<Suspect> trial = suspicion.trial();
    return trial == null || trial.contains(one);
  }

  /** Sends everything that may run and does not, the oldest first. Under the lock. */
  private void sendAll() {
    for (RemoteGeneration generation : oldestFirst()) {
      if (generation.isCancelled() && generation.life() == null) {
        generation.finish(FinishReason.CANCELLED);
        remove(generation);
      } else {
        sendIfAllowed(generation);
      }
    }
    calls.values().stream().sorted(Comparator.comparingLong(Call::id)).forEach(this::sendIfAllowed);
  }

  private List<RemoteGeneration> oldestFirst() {
    List<RemoteGeneration> all = new ArrayList<>(generations.values());
    all.sort(Comparator.comparingLong(RemoteGeneration::id));
    return all;
  }

  /** Forgets a generation that has ended. */
  private void remove(RemoteGeneration generation) {
    if (generations.remove(generation.id()) != null) {
      generation.leave();
      release(generation);
    }
  }

  // ---- what the worker says ----

  /** A worker is ready: sends it everything. */
  void attach(Life to) {
    lock.lock();
    try {
      life = to;
      sendAll();
    } finally {
      lock.unlock();
    }
  }

  /** Takes a frame about a generation or a call. */
  void receive(Life from, FrameKind kind, Input in) {
    long id = in.number();
    if (kind == FrameKind.RESULT) {
      result(from, calls.get(id), in);
      return;
    }
    RemoteGeneration generation = generations.get(id);
    if (generation == null) {
      return;
    }
    switch (kind) {
      case EVENTS -> events(from, generation, in);
      case PROMPT -> generation.prompt(EventCodec.prompt(in));
      case ACCEPTED -> {
        generation.accepted(in.integer());
        progress(generation);
      }
      case REFUSED -> {
        RuntimeException why = FailureCodec.read(in);
        if (hasEnded(from, why)) {
          return;
        }
        generation.refused(why);
        remove(generation);
      }
      case BROKEN -> {
        RuntimeException failed = FailureCodec.read(in);
        if (hasEnded(from, failed)) {
          return;
        }
        generation.fail(
            failed instanceof GenerationException typed
                ? typed
                : new GenerationException(
                    GenerationException.Reason.DECODE_FAILED, String.valueOf(failed.getMessage()), failed));
        remove(generation);
      }
      default -> throw new WireException("a supervisor got a frame of kind " + kind);
    }
  }

  private void result(Life from, @Nullable Call call, Input in) {
    if (call == null || call.answer().isDone()) {
      return;
    }
    if (in.flag()) {
      if (call.computes()) {
        from.move();
      }
      call.answer().complete(new Input(in.rest()));
      remove(call);
      return;
    }
    RuntimeException why = FailureCodec.read(in);
    if (!hasEnded(from, why)) {
      call.answer().completeExceptionally(why);
      remove(call);
    }
  }

  /**
   * Whether a worker gives as a reason that its engine has ended. As nobody here has ended it, that is a death like any
   * other, and what the worker had goes on in the next one.
   */
  private static boolean hasEnded(Life from, RuntimeException why) {
    GenerationException.Reason reason = why instanceof GenerationException broken ? broken.reason() : null;
    if (why instanceof EngineClosedException || reason == GenerationException.Reason.ENGINE_CLOSED) {
      from.condemnBlameless("its engine was closed, which this process did not ask for");
      return true;
    }
    if (why instanceof EngineFailedException || reason == GenerationException.Reason.ENGINE_FAILED) {
      from.condemn("its engine has failed: " + why.getMessage());
      return true;
    }
    return false;
  }

  private void events(Life from, RemoteGeneration generation, Input in) {
    int accepted = in.integer();
    int[] tokens = in.integers();
    List<GenerationEvent> events = in.list(EventCodec::read);
    int skipped = generation.take(accepted, tokens, events);
    if (tokens.length > 0) {
      from.move();
    }
    if (generation.hasEnded()) {
      remove(generation);
    } else {
      if (skipped > 0) {
        credit(generation, skipped);
      }
      progress(generation);
    }
  }

  /** A generation got further: it is not the one that kills. */
  private void progress(RemoteGeneration generation) {
    lock.lock();
    try {
      if (!suspicion.isIdle() && suspicion.moved(generation, generation.position())) {
        sendAll();
      }
    } finally {
      lock.unlock();
    }
  }

  // ---- deaths ----

  /**
   * Takes everything back from a worker that has died.
   *
   * @param foreign whether another process ended it, so that nothing is suspected
   */
  Losses detach(Life dead, boolean foreign) {
    Losses losses = Losses.none();
    lock.lock();
    try {
      life = null;
      RemoteGeneration blamed = dead.blamed();
      for (RemoteGeneration generation : oldestFirst()) {
        if (generation.life() == dead) {
          losses.shapes().add(generation.description());
          losses.requests().add(generation.request());
          if (!foreign && (blamed == null || blamed == generation)) {
            losses.suspects().put(generation, generation.position());
          }
          generation.life(null);
        }
      }
      for (Call call : calls.values()) {
        if (call.life() == dead) {
          if (call.computes()) {
            losses.shapes().add(call.description());
          }
          losses.requests().add(call.content());
          if (!foreign && blamed == null) {
            losses.suspects().put(call, call.position());
          }
          call.returned();
        }
      }
      return losses;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Draws the consequences of a death that no other process caused: fails what has killed often enough, and decides what
   * is tried next.
   */
  void convict(Losses losses, String how, String report) {
    lock.lock();
    try {
      // Some may have ended while the report was written.
      losses.suspects().keySet().removeIf(one -> !isThere(one));
      for (Suspect guilty : suspicion.died(losses.suspects())) {
        refusals.add(guilty.key(), report);
        switch (guilty) {
          case RemoteGeneration generation -> {
            for (RemoteGeneration equal : sameRequests(generation)) {
              equal.fail(killed(how, report));
              remove(equal);
            }
          }
          case Call call -> {
            call.answer().completeExceptionally(killed(how, report));
            remove(call);
          }
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** A generation, and the others of the same request that no worker has. */
  private List<RemoteGeneration> sameRequests(RemoteGeneration guilty) {
    return oldestFirst().stream()
        .filter(other ->
            other == guilty
                || other.life() == null
                    && other.request().length == guilty.request().length
                    && other.key().equals(guilty.key()))
        .toList();
  }

  private boolean isThere(Suspect one) {
    return switch (one) {
      case RemoteGeneration generation -> generations.containsKey(generation.id());
      case Call call -> calls.containsKey(call.id());
    };
  }

  private static GenerationException killed(String how, String report) {
    return new GenerationException(
        GenerationException.Reason.ENGINE_KILLED,
        "The engine's process has died of this request, again when it was tried alone: " + how + ". Report: " + report,
        null);
  }

  /** Fails everything at the end of the engine. */
  void abandonAll(GenerationException why) {
    lock.lock();
    try {
      for (RemoteGeneration generation : generations.values()) {
        generation.fail(why);
        remove(generation);
      }
      calls.values().forEach(call -> call.answer().completeExceptionally(why));
    } finally {
      lock.unlock();
    }
  }

  // ---- the clock ----

  /** A generation whose preparation has taken longer than a limit; null if there is none. */
  @Nullable RemoteGeneration overdue(long now, long limit) {
    for (RemoteGeneration generation : generations.values()) {
      if (generation.preparing(now) > limit) {
        return generation;
      }
    }
    return null;
  }

  /** Ends what waits for a worker beyond its time. The workers themselves end what they have. */
  void endExpired(long now) {
    for (RemoteGeneration generation : generations.values()) {
      if (generation.deadline() != Long.MAX_VALUE && now - generation.deadline() > 0) {
        lock.lock();
        try {
          if (generation.life() == null) {
            generation.finish(FinishReason.TIME_LIMIT);
            remove(generation);
          }
        } finally {
          lock.unlock();
        }
      }
    }
  }
}
