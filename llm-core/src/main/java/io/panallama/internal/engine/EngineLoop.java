package io.panallama.internal.engine;

import io.panallama.error.GenerationException;
import io.panallama.error.GenerationException.Reason;
import io.panallama.error.PanallamaException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Usage;
import io.panallama.internal.cache.PrefixCache;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.schedule.Preemption;
import io.panallama.internal.schedule.Schedulable;
import io.panallama.internal.schedule.TenantShare;
import io.panallama.internal.schedule.TenantShares;
import io.panallama.internal.schedule.WaitingQueue;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.internal.stream.Pieces;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The engine thread: takes sequences from the intake, admits them, computes steps and ends them, until it is closed or
 * an error ends it.
 *
 * <p>Confined to that thread, which alone owns the decoder and the prefix cache. Other threads reach it through the
 * {@link Intake} and the {@link Lifecycle}.
 */
final class EngineLoop {
  private final EngineSettings settings;
  private final Supplier<Decoder> decoders;
  private final Pieces pieces;
  private final Intake intake;
  private final Lifecycle life;
  private final Counters counters;
  private final LongSupplier clock;
  private final WaitingQueue<Sequence> waiting = new WaitingQueue<>();
  private final TenantShares tenants = new TenantShares();
  private final List<Sequence> active;

  /** A sequence that is moving from one list to another, so that its reader is told if that fails. */
  private @Nullable Sequence inHand;

  /** The earliest deadline of any sequence here, or a time before it. */
  private long nextDeadline = Schedulable.NO_DEADLINE;

  /** When a sequence whose reader does not read may have to give its slot to a waiting one. */
  private long suspensionTime = Schedulable.NO_DEADLINE;

  private @Nullable PrefixCache cache;

  /** Set after a preemption caused by a full KV cache; no sequence is admitted until an active one finishes. */
  private boolean full;

  EngineLoop(
      EngineSettings settings,
      Pieces pieces,
      Supplier<Decoder> decoders,
      Intake intake,
      Lifecycle life,
      Counters counters,
      LongSupplier clock) {
    this.settings = settings;
    this.pieces = pieces;
    this.decoders = decoders;
    this.intake = intake;
    this.life = life;
    this.counters = counters;
    this.clock = clock;
    this.active = new ArrayList<>(settings.slots());
  }

  /** Runs the whole life of the thread. Throws nothing: an error is recorded as {@link Lifecycle#failure}. */
  void run() {
    Decoder decoder;
    try {
      decoder = decoders.get();
    } catch (Throwable failure) {
      life.notStarted(failure);
      return;
    }
    // Each shutdown step runs whatever happens in the one before: readers and close() wait for it.
    try {
      serve(decoder);
    } catch (Throwable failure) {
      life.failed(failure);
    } finally {
      try {
        abandonAll();
      } finally {
        try {
          closeCache();
        } finally {
          try {
            close(decoder);
          } finally {
            life.stopped();
          }
        }
      }
    }
  }

  private void serve(Decoder decoder) {
    PrefixCache prefixes =
        PrefixCache.create(
            decoder,
            settings.slots(),
            settings.spill(),
            settings.imageKey(),
            counters,
            task -> EngineThreads.unstarted(task, settings.name() + "-spill"),
            life::wake);
    cache = prefixes;
    Stepper stepper = new Stepper(this, life, decoder, prefixes, pieces, settings, clock);
    life.started(decoder);
    while (!life.isClosing()) {
      turn(decoder, prefixes, stepper);
    }
    // Readers are told before the thread waits for the disk.
    abandonAll();
    prefixes.flush();
  }

  /** One turn of the loop. It is a separate method so that the JIT compiles it: {@link #serve} is called only once. */
  private void turn(Decoder decoder, PrefixCache prefixes, Stepper stepper) {
    // Taken before the intake is read: a flag set later is seen in the next turn, wherever its sequence is by then.
    boolean cancellations = intake.takeCancelRequest();
    receive();
    prefixes.receive();
    adopt(prefixes);
    if (cancellations) {
      dropCancelled();
    }
    long now = clock.getAsLong();
    if (now >= nextDeadline) {
      endOverdue(stepper, now);
    }
    admit(decoder, prefixes, now);
    for (int i = 0; i < active.size(); i++) {
      prefixes.shareAgain(active.get(i).residency());
    }
    prefixes.settle();
    PanallamaException obstacle = settings.model().obstacle();
    if (obstacle != null) {
      throw obstacle;
    }
    StepObserver observer = settings.observer();
    observer.began();
    boolean computed = stepper.step(active);
    observer.ended(computed);
    if (!computed) {
      idle(prefixes, stepper);
    }
  }

  private void receive() {
    Sequence sequence;
    while ((sequence = intake.takeSequence()) != null) {
      inHand = sequence;
      sequence.enter(tenants);
      waiting.add(sequence);
      inHand = null;
      nextDeadline = Math.min(nextDeadline, sequence.deadline());
    }
  }

  private void adopt(PrefixCache prefixes) {
    Intake.Adoption adoption;
    while ((adoption = intake.takeAdoption()) != null) {
      prefixes.adopt(adoption.lineage(), adoption.tokens(), adoption.image());
    }
  }

  private void idle(PrefixCache prefixes, Stepper stepper) {
    // Each source is checked although its producer has called wake: a lock that a listener waited for may have consumed
    // that permit.
    if (intake.hasSome() || prefixes.hasReports() || stepper.hasAnswers() || life.isClosing()) {
      return;
    }
    if (canResume()) {
      return;
    }
    long next = Math.min(suspensionTime, Math.min(nextDeadline, stepper.nextAnswerDeadline()));
    if (next == Schedulable.NO_DEADLINE) {
      LockSupport.park(this);
    } else {
      LockSupport.parkNanos(this, next - clock.getAsLong());
    }
  }

  /** Whether a reader that had fallen behind has caught up. */
  private boolean canResume() {
    for (int i = 0; i < active.size(); i++) {
      if (active.get(i).canResume()) {
        return true;
      }
    }
    return waiting.hasAny(Sequence::canResume);
  }

  /** Ends the sequences whose deadline has passed, and computes when to check again. */
  private void endOverdue(Stepper stepper, long now) {
    List<Sequence> all = new ArrayList<>(active);
    waiting.copyTo(all, _ -> true);
    nextDeadline = Schedulable.NO_DEADLINE;
    for (Sequence sequence : all) {
      if (sequence.deadline() > now) {
        nextDeadline = Math.min(nextDeadline, sequence.deadline());
      } else {
        stepper.endEarly(sequence, FinishReason.TIME_LIMIT);
      }
    }
  }

  private void dropCancelled() {
    for (int i = active.size() - 1; i >= 0; i--) {
      if (active.get(i).generation().isCancelled()) {
        finish(active.get(i), FinishReason.CANCELLED);
      }
    }
    List<Sequence> cancelled = new ArrayList<>();
    waiting.copyTo(cancelled, sequence -> sequence.generation().isCancelled());
    for (Sequence sequence : cancelled) {
      finish(sequence, FinishReason.CANCELLED);
    }
  }

  /**
   * Admits waiting sequences in order, while there are free slots and the KV cache has room for their tokens. If there
   * are not, sequences whose readers do not read are suspended.
   */
  private void admit(Decoder decoder, PrefixCache prefixes, long now) {
    suspensionTime = Schedulable.NO_DEADLINE;
    if (waiting.isEmpty()) {
      counters.running(active.size());
      return;
    }
    waiting.forEachPreempted(sequence -> sequence.updateBackpressure(now));
    Sequence next;
    while ((next = waiting.first(now)) != null) {
      boolean room = (!full || active.isEmpty()) && active.size() < settings.slots() && fits(next, decoder);
      if (!room) {
        if (suspendStalled(now)) {
          continue;
        }
        break;
      }
      // It is active before anything can fail, so that its reader is told about a failure.
      active.add(next);
      waiting.remove(next);
      next.activate();
      prefixes.admit(next.residency());
      tenants.admitted(next, next.length() - next.sharedLength(), now);
      if (!decoder.memory().isUnified()) {
        sortById();
      }
    }
    counters.running(active.size());
  }

  /**
   * Puts the last active sequence in the order of ids: llama.cpp computes sequences of a split cache together only if
   * their ids increase.
   */
  private void sortById() {
    Sequence last = active.removeLast();
    int place = active.size();
    while (place > 0 && active.get(place - 1).residency().id() > last.residency().id()) {
      place--;
    }
    active.add(place, last);
  }

  /**
   * Suspends the sequence whose reader has not read for longest, so that a waiting one can be admitted. Returns false if
   * there is none, and notes when there may be one.
   */
  private boolean suspendStalled(long now) {
    for (int i = 0; i < active.size(); i++) {
      active.get(i).updateBackpressure(now);
    }
    Sequence stalled = Preemption.stalled(active, now);
    if (stalled == null) {
      for (int i = 0; i < active.size(); i++) {
        if (active.get(i).stalledSince() != Schedulable.NOT_STALLED) {
          suspensionTime = Math.min(suspensionTime, active.get(i).stalledSince() + Preemption.STALL_LIMIT);
        }
      }
      return false;
    }
    inHand = stalled;
    prefixes().suspend(stalled.residency());
    requeue(stalled);
    full = false;
    return true;
  }

  /**
   * Whether a sequence can be admitted without soon preempting another one. A sequence that is alone always fits: the
   * front rejected anything longer than the context.
   */
  private boolean fits(Sequence candidate, Decoder decoder) {
    if (active.isEmpty() || !decoder.memory().isUnified()) {
      return true;
    }
    long cells = candidate.length();
    for (int i = 0; i < active.size(); i++) {
      cells += active.get(i).length() - active.get(i).residency().borrowedLength();
    }
    // Some headroom for each, so that a sequence admitted now is not preempted within the next few tokens.
    long headroom = 32L * (active.size() + 1);
    return cells + headroom <= decoder.memory().contextSize();
  }

  /** Releases the cells of an active sequence, which waits ahead of new ones and will be recomputed. */
  void preempt(Sequence sequence) {
    inHand = sequence;
    prefixes().preempt(sequence.residency());
    requeue(sequence);
    full = true;
  }

  private void requeue(Sequence sequence) {
    active.remove(sequence);
    sequence.preempt();
    waiting.add(sequence);
    inHand = null;
    counters.preempted();
  }

  /** Ends a sequence and tells its reader. */
  void finish(Sequence sequence, FinishReason reason) {
    // A sequence that is computed again may share what it had generated, too.
    int reused = Math.min(sequence.sharedLength(), sequence.promptLength());
    inHand = sequence;
    if (sequence.isActive()) {
      prefixes().retire(sequence.residency());
    }
    end(sequence);
    EngineGeneration generation = sequence.generation();
    Usage usage = new Usage(sequence.promptLength(), reused, sequence.completionLength(), sequence.discarded());
    sequence.tellEnded();
    GenerationEvent.Finished event =
        new GenerationEvent.Finished(reason, usage, sequence.clock().timings(), sequence.stops().stopText());
    // The capacity is released before the end is published, since the reader may submit again at once.
    sequence.place().leave(usage, event.timings());
    generation.finish(event);
    inHand = null;
  }

  /** Ends a sequence after a failure and tells its reader. */
  void fail(Sequence sequence, Reason reason, String message) {
    fail(sequence, reason, message, null);
  }

  /** Ends a sequence after a failure with a cause and tells its reader. */
  void fail(Sequence sequence, Reason reason, String message, @Nullable Throwable cause) {
    inHand = sequence;
    if (sequence.isActive()) {
      prefixes().release(sequence.residency());
    }
    end(sequence);
    GenerationException failure = new GenerationException(reason, message, cause);
    sequence.tellFailed();
    sequence.place().leave();
    sequence.generation().fail(failure);
    inHand = null;
  }

  private void end(Sequence sequence) {
    if (!active.remove(sequence)) {
      waiting.remove(sequence);
    }
    full = false;
    counters.running(active.size());
    TenantShare share = sequence.share();
    if (share != null) {
      tenants.leave(share);
    }
    sequence.finish();
  }

  private PrefixCache prefixes() {
    PrefixCache prefixes = cache;
    if (prefixes == null) {
      throw new IllegalStateException("the engine thread has not started");
    }
    return prefixes;
  }

  Counters counters() {
    return counters;
  }

  // ---- the end of the thread ----

  /** Fails every sequence, here and in the intake. The decoder is left alone: its context is freed as a whole. */
  private void abandonAll() {
    GenerationException reason = life.unserved();
    counters.running(0);
    Sequence sequence = inHand;
    inHand = null;
    if (sequence != null) {
      active.remove(sequence);
      waiting.remove(sequence);
      Intake.abandon(sequence, reason);
    }
    while (!active.isEmpty()) {
      Intake.abandon(active.removeLast(), reason);
    }
    while ((sequence = waiting.poll()) != null) {
      Intake.abandon(sequence, reason);
    }
    // From here on the front fails what it adds itself; anything added before is failed here, before close() returns.
    life.ended();
    intake.abandonAll(reason);
  }

  private void closeCache() {
    try {
      if (cache != null) {
        cache.close();
      }
    } catch (Throwable failure) {
      life.failed(failure);
    }
  }

  private void close(Decoder decoder) {
    try {
      decoder.close();
    } catch (Throwable failure) {
      life.failed(failure);
    }
  }
}
