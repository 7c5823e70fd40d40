package io.panallama.internal.worker;

import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.Usage;
import io.panallama.internal.flight.EmitFlight;
import io.panallama.internal.schedule.Place;
import io.panallama.internal.stream.PromptStates;
import io.panallama.internal.stream.SingleReader;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A generation that a worker computes: the reader's side, and the journal from which another worker can continue it.
 */
final class RemoteGeneration extends SingleReader implements Suspect {
  private final long id;
  private final byte[] request;
  private final Supplier<Refusals.Key> key;
  private final Supplier<String> shape;
  private final boolean logprobs;
  private final long deadline;
  private final int window;
  private final InFlight inFlight;
  private final PromptStates prompt = new PromptStates();

  // ---- guarded by the lock of what is in flight ----

  /** The worker that has it; null while it waits for one. */
  private @Nullable Life life;

  // ---- guarded by this lock ----

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<GenerationEvent> events = new ArrayDeque<>();
  private final Delivered delivered = new Delivered();
  private final Journal journal = new Journal();
  private boolean accepted;
  private boolean answered;
  private @Nullable RuntimeException refusal;
  private GenerationEvent.@Nullable Finished outcome;
  private int promptTokens;
  private int resumed;
  private long prepareBegan;
  private boolean ended;
  private @Nullable GenerationException failure;
  private boolean finishedRead;
  private boolean closed;
  private int wanted = 1;
  private int consumed;

  /** Since when the oldest event has waited for the reader, or since another one was read; 0 if that is not recorded. */
  private long waitingNanos;

  /** Whether the oldest event has waited since another one was read. */
  private boolean followsAnother;

  private volatile boolean cancelled;

  /** In slots and queue; null for one that is only rehearsed. */
  private volatile @Nullable Place place;

  /**
   * @param request its bytes
   * @param key by which it is known again
   * @param shape what it looks like, without its text
   * @param deadline nanoseconds of {@link System#nanoTime} after which it ends without a worker, too; {@link
   *     Long#MAX_VALUE} for none
   * @param window how many events the worker may be ahead of the reader
   */
  RemoteGeneration(
      long id,
      byte[] request,
      Supplier<Refusals.Key> key,
      Supplier<String> shape,
      long deadline,
      boolean logprobs,
      int window,
      InFlight inFlight) {
    this.id = id;
    this.key = key;
    this.logprobs = logprobs;
    this.request = request;
    this.shape = shape;
    this.deadline = deadline;
    this.window = window;
    this.inFlight = inFlight;
  }

  /** Gives it the place that was taken for it. */
  void takes(Place taken) {
    taken.belongsTo(id, this::cancel);
    place = taken;
  }

  /** Releases its place. */
  void leave() {
    Place taken = place;
    if (taken == null) {
      return;
    }
    GenerationEvent.Finished end;
    lock.lock();
    try {
      end = outcome;
    } finally {
      lock.unlock();
    }
    if (end == null) {
      taken.leave();
    } else {
      taken.leave(end.usage(), end.timings());
    }
  }

  /** Its worker has generated this many tokens. */
  private void computing(int generated) {
    Place taken = place;
    if (taken != null) {
      taken.started();
      taken.generatedTokens(generated);
    }
  }

  private void known(int length) {
    Place taken = place;
    if (taken != null) {
      taken.promptTokens(length);
    }
  }

  @Override
  public @Nullable Life life() {
    return life;
  }

  void life(@Nullable Life value) {
    life = value;
    Place taken = place;
    if (value == null) {
      if (taken != null) {
        taken.requeued();
      }
      lock.lock();
      try {
        // No worker prepares it while it waits for the next one.
        prepareBegan = 0;
      } finally {
        lock.unlock();
      }
    }
  }

  /** Its bytes; not a copy. */
  byte[] request() {
    return request;
  }

  @Override
  public Refusals.Key key() {
    return key.get();
  }

  long deadline() {
    return deadline;
  }

  boolean isCancelled() {
    return cancelled;
  }

  // ---- the supervisor ----

  /** Writes the request with everything that a worker needs to begin or to continue. */
  void writeSubmission(Output out) {
    lock.lock();
    try {
      // Log-probabilities that were not delivered yet can't be replayed, so their tokens are computed again.
      int replayed = logprobs ? Math.min(journal.count(), delivered.logprobs()) : journal.count();
      journal.restart(replayed);
      delivered.restart();
      accepted = false;
      if (answered) {
        resumed++;
      }
      prepareBegan = System.nanoTime();
      consumed = 0;
      out.begin(FrameKind.SUBMIT).put(id).put(journal.age()).put(answered);
      out.put(Math.max(1, window - events.size()));
      journal.write(out);
      out.raw(request).end();
    } finally {
      lock.unlock();
    }
  }

  void accepted(int length) {
    known(length);
    lock.lock();
    try {
      accepted = true;
      answered = true;
      promptTokens = length;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void refused(RuntimeException why) {
    lock.lock();
    try {
      if (answered) {
        // It was accepted by an earlier worker, so its reader has the generation already.
        failure =
            new GenerationException(GenerationException.Reason.DECODE_FAILED, String.valueOf(why.getMessage()), why);
      } else {
        answered = true;
        refusal = why;
      }
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long position() {
    lock.lock();
    try {
      return accepted ? journal.count() : Suspicion.PREPARING;
    } finally {
      lock.unlock();
    }
  }

  /** How long the worker has been preparing it, in nanoseconds; 0 if it is not. */
  long preparing(long now) {
    lock.lock();
    try {
      return accepted || ended || prepareBegan == 0 ? 0 : now - prepareBegan;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes what a worker sent.
   *
   * @param length one more than the length of the prompt if this tells that it is accepted, too; otherwise 0
   * @return how many of the events the reader had already
   */
  int take(int length, int[] more, List<GenerationEvent> arrived) {
    if (length > 0) {
      known(length - 1);
    }
    lock.lock();
    try {
      boolean waited = !answered;
      if (length > 0) {
        accepted = true;
        answered = true;
        promptTokens = length - 1;
      }
      int skipped = 0;
      for (int token : more) {
        journal.add(token);
      }
      if (journal.count() > 0) {
        computing(journal.count());
      }
      for (GenerationEvent event : arrived) {
        GenerationEvent rest = delivered.rest(event);
        if (rest == null) {
          skipped++;
        } else {
          if (rest instanceof GenerationEvent.Finished end) {
            ended = true;
            outcome = end;
          }
          if (!closed) {
            if (EmitFlight.isRecorded() && events.isEmpty()) {
              waitingNanos = System.nanoTime();
              followsAnother = false;
            }
            events.add(rest instanceof GenerationEvent.Finished end ? told(end) : rest);
          }
        }
      }
      if (ended || waited || events.size() >= wanted) {
        changed.signalAll();
      }
      return skipped;
    } finally {
      lock.unlock();
    }
  }

  /** The end of a generation that several workers have computed has the durations as they were seen from here. */
  private GenerationEvent told(GenerationEvent.Finished end) {
    return resumed == 0
        ? end
        : new GenerationEvent.Finished(
            end.reason(), end.usage(), journal.timings(end.timings().prefill(), resumed), end.stopText());
  }

  /** Takes how far its prompt is. Another worker computes the prompt again of what has been generated, which is not told. */
  void prompt(PromptProgress state) {
    Place taken = place;
    if (taken != null) {
      taken.started();
      taken.cachedTokens(state.cached());
      taken.processedTokens(state.processed());
    }
    lock.lock();
    try {
      if (resumed == 0) {
        prompt.put(state);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends it without a worker. */
  void finish(FinishReason reason) {
    lock.lock();
    try {
      if (!ended) {
        ended = true;
        answered = true;
        events.add(
            new GenerationEvent.Finished(
                reason, new Usage(promptTokens, 0, journal.count(), 0), journal.timings(Duration.ZERO, resumed)));
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Fails it; events that have arrived can still be read. */
  void fail(GenerationException why) {
    lock.lock();
    try {
      if (!ended) {
        ended = true;
        failure = why;
        if (!answered) {
          answered = true;
          refusal = why;
        }
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  boolean hasEnded() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  /** Nanoseconds since the submission. */
  long age() {
    return journal.age();
  }

  /** What it looks like and how far it is, for a crash report. */
  String description() {
    lock.lock();
    try {
      String state = accepted ? journal.count() + " tokens generated" : "being prepared";
      return shape.get() + ", prompt of " + promptTokens + " tokens, " + state + ", resumed " + resumed + " times";
    } finally {
      lock.unlock();
    }
  }

  // ---- the caller of generate ----

  /**
   * Waits until a worker has accepted it; throws its refusal. An interrupt ends the wait and the generation, and is kept for the
   * caller.
   */
  void awaitAccepted() {
    try {
      lock.lockInterruptibly();
      try {
        while (!answered) {
          changed.await();
        }
        if (refusal != null) {
          throw refusal;
        }
      } finally {
        lock.unlock();
      }
    } catch (InterruptedException left) {
      close();
      Thread.currentThread().interrupt();
      throw new GenerationException(
          GenerationException.Reason.INTERRUPTED, "Interrupted while the request was prepared.", left);
    }
  }

  // ---- the reader ----

  @Override
  public long id() {
    return id;
  }

  @Override
  public OptionalInt promptTokens() {
    lock.lock();
    try {
      return promptTokens > 0 ? OptionalInt.of(promptTokens) : OptionalInt.empty();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<PromptProgress> promptProgress() {
    return prompt.take();
  }

  @Override
  protected Optional<GenerationEvent> next(Duration timeout) throws InterruptedException {
    return read(1, TimeUnit.NANOSECONDS.convert(timeout));
  }

  @Override
  protected Optional<GenerationEvent> nextOfMany() throws InterruptedException {
    return read(Math.max(1, window / 4), Long.MAX_VALUE);
  }

  private Optional<GenerationEvent> read(int many, long nanos) throws InterruptedException {
    GenerationEvent event;
    int credit = 0;
    lock.lockInterruptibly();
    try {
      if (finishedRead || closed) {
        throw new NoSuchElementException(closed ? "The generation is closed." : "The generation has finished.");
      }
      long left = nanos;
      // Several at once, but only if none is left from the last time.
      wanted = events.isEmpty() ? many : 1;
      while (events.size() < wanted && !ended && !closed) {
        if (left <= 0) {
          return Optional.empty();
        }
        left = changed.awaitNanos(left);
      }
      wanted = 1;
      if (closed) {
        throw new NoSuchElementException("The generation is closed.");
      }
      event = events.poll();
      if (event == null) {
        if (failure != null) {
          throw again(failure);
        }
        throw new IllegalStateException("The generation ended without an outcome.");
      }
      recordEmit(many > 1);
      finishedRead = event instanceof GenerationEvent.Finished;
      consumed++;
      if (consumed >= Math.max(1, window / 2) && !ended) {
        credit = consumed;
        consumed = 0;
      }
    } finally {
      lock.unlock();
    }
    if (credit > 0) {
      inFlight.credit(this, credit);
    }
    return Optional.of(event);
  }

  /** Records that the reader has taken an event, as {@link io.panallama.internal.stream.Mailbox} does. Under the lock. */
  private void recordEmit(boolean bulk) {
    long since = waitingNanos;
    boolean recorded = EmitFlight.isRecorded();
    if (since == 0 && !recorded) {
      return;
    }
    long now = System.nanoTime();
    boolean follows = followsAnother;
    followsAnother = recorded && !events.isEmpty();
    waitingNanos = followsAnother ? now : 0;
    if (since != 0 && (!follows || now - since >= EmitFlight.ABSENCE_NANOS)) {
      EmitFlight.emitted(id, events.size() + 1L, now - since, bulk);
    }
  }

  @Override
  public void cancel() {
    if (!cancelled) {
      cancelled = true;
      inFlight.cancel(this);
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      events.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    cancel();
  }

  @Override
  public String toString() {
    return "Generation " + id + (cancelled ? " (cancelled)" : "");
  }
}
