package io.panallama.internal.engine;

import io.panallama.config.SpillConfig;
import io.panallama.error.GenerationException;
import io.panallama.error.GenerationException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Usage;
import io.panallama.observe.EngineStats;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The engine thread: takes requests from its inbox, plans a step, computes it, and hands tokens to the mailboxes; over
 * and over, until it is closed.
 *
 * <p>{@link #submit}, {@link #close}, {@link #stats} and the wake-ups are for any thread; everything else runs on the
 * engine thread, which alone owns the decoder.
 */
public final class EngineLoop implements AutoCloseable {
  private final EngineSettings settings;
  private final Supplier<Decoder> decoders;
  private final Pieces pieces;
  private final Admission admission;
  private final Queue<Sequence> inbox;
  private final Queue<Adoption> adoptions = new ConcurrentLinkedQueue<>();
  private final CompletableFuture<Decoder> started = new CompletableFuture<>();
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();
  private final AtomicLong ids = new AtomicLong();
  private final Counters counters = new Counters();
  private volatile boolean closing;
  private volatile boolean ended;
  private volatile @Nullable Throwable death;
  private volatile boolean cancelRequested;
  private final LongSupplier clock;
  private final Thread thread;

  // Confined to the engine thread.
  private final WaitingQueue waiting = new WaitingQueue();
  private final List<Sequence> active = new ArrayList<>();

  /** No deadline of a sequence here is earlier. */
  private long nextDeadline = Sequence.NO_DEADLINE;

  private @Nullable PrefixCache cache;

  /** Somebody was pushed out for want of room: nobody is let in again before one of the others has ended. */
  private boolean full;

  private EngineLoop(
      EngineSettings settings, Pieces pieces, Supplier<Decoder> decoders, Queue<Sequence> inbox, LongSupplier clock) {
    this.inbox = inbox;
    this.clock = clock;
    this.settings = settings;
    this.pieces = pieces;
    this.decoders = decoders;
    this.admission = new Admission(settings.slots(), settings.queueLimit());
    this.thread = EngineThreads.unstarted(this, settings.name());
  }

  /**
   * Starts the thread and waits until its decoder is made.
   *
   * @param decoders makes the decoder, on the engine thread, which closes it at the end; what it throws is thrown here
   * @throws io.panallama.error.EngineStartException if the directory to spill to can't be made
   */
  public static EngineLoop start(EngineSettings settings, Pieces pieces, Supplier<Decoder> decoders) {
    return start(settings, pieces, decoders, new ConcurrentLinkedQueue<>(), System::nanoTime);
  }

  /**
   * With an inbox and a clock of the caller's: the seams at which a test meets the engine thread.
   *
   * @param inbox safe for many writers
   * @param clock nanoseconds, as {@link System#nanoTime}; any thread
   */
  static EngineLoop start(
      EngineSettings settings, Pieces pieces, Supplier<Decoder> decoders, Queue<Sequence> inbox, LongSupplier clock) {
    if (settings.spill().directory() != null && settings.spill().diskBytes() > 0) {
      SpillFolder.create(settings.spill().directory());
    }
    EngineLoop loop = new EngineLoop(settings, pieces, decoders, inbox, clock);
    loop.thread.start();
    try {
      loop.started.join();
    } catch (CompletionException failure) {
      if (failure.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw failure;
    }
    return loop;
  }

  /** The most tokens of one sequence. */
  public int sequenceContextSize() {
    return started.join().sequenceContextSize();
  }

  /**
   * Refuses what can't be generated from, whatever else is going on.
   *
   * @throws PromptTooLongException if a prompt of this length leaves no room for a token of the answer and may not be cut
   * @throws InvalidRequestException if more is to be kept of it than fits
   */
  public void requireRoom(int promptLength, ContextOverflow overflow) {
    int limit = sequenceContextSize();
    switch (overflow) {
      case ContextOverflow.Reject() -> {
        if (promptLength >= limit) {
          throw new PromptTooLongException(promptLength, limit);
        }
      }
      case ContextOverflow.Stop() -> {}
      case ContextOverflow.Shift(int keep) -> {
        if (keep > limit - 2) {
          throw new InvalidRequestException(
              "overflow.keep",
              "overflow.keep is " + keep + "; the context of " + limit + " tokens allows 0 to " + (limit - 2) + ".");
        }
      }
    }
  }

  /**
   * Queues a generation, which owns {@code sampler} and {@code prompt} from here on. If this throws, the sampler is still
   * the caller's.
   *
   * @param stopTexts what ends the generation; the request's own stops and those of the chat template
   * @param listener is told of the end, unless this throws; a {@link StateListener} gets the state after the prompt, which
   *     may fill the context, and nothing is generated
   * @throws io.panallama.error.EngineBusyException if the queue is full
   * @throws InvalidRequestException as {@link #requireRoom}
   * @throws IllegalStateException if the engine is closed
   */
  public Generation submit(
      int[] prompt,
      GenerationOptions options,
      List<String> stopTexts,
      TokenSampler sampler,
      @Nullable SequenceListener listener) {
    return submit(prompt, options, stopTexts, sampler, listener, null);
  }

  /**
   * Queues a generation as {@link #submit(int[], GenerationOptions, List, TokenSampler, SequenceListener)} does.
   *
   * @param places holds the place of this generation already; null to take one
   */
  public Generation submit(
      int[] prompt,
      GenerationOptions options,
      List<String> stopTexts,
      TokenSampler sampler,
      @Nullable SequenceListener listener,
      @Nullable Places places) {
    if (!(listener instanceof StateListener)) {
      requireRoom(prompt.length, options.overflow());
    }
    requireOpen();
    if (prompt.length >= sequenceContextSize() && options.overflow() instanceof ContextOverflow.Stop) {
      return full(prompt, options, sampler, listener);
    }
    if (places == null) {
      admission.enter();
    } else {
      places.use();
    }
    EngineGeneration generation;
    try {
      generation = enqueue(prompt, options, stopTexts, sampler, listener);
    } catch (Throwable failure) {
      admission.leave();
      throw failure;
    }
    wake();
    if (ended) {
      // The loop ended between the check and the add: nobody else will look into the inbox.
      failInbox();
    }
    return generation;
  }

  private EngineGeneration enqueue(
      int[] prompt,
      GenerationOptions options,
      List<String> stopTexts,
      TokenSampler sampler,
      @Nullable SequenceListener listener) {
    StopMatcher stops = new StopMatcher(stopTexts, Math.max(pieces.longest(), sampler.longestSpoken()));
    EngineGeneration generation = generation(options, stops.largestRelease());
    long deadline = deadline(options, generation.clock().submitted());
    inbox.add(new Sequence(generation, sampler, stops, prompt, sequenceContextSize(), options, deadline, listener));
    return generation;
  }

  private EngineGeneration generation(GenerationOptions options, int largestEntry) {
    Mailbox mailbox = new Mailbox(settings.mailboxCapacity(), largestEntry, options.topLogprobs());
    RequestClock times = new RequestClock(clock);
    return new EngineGeneration(ids.incrementAndGet(), mailbox, options.topLogprobs() > 0, times, this);
  }

  /** The answer to a prompt that leaves no room for one. */
  private EngineGeneration full(
      int[] prompt, GenerationOptions options, TokenSampler sampler, @Nullable SequenceListener listener) {
    sampler.close();
    if (listener != null) {
      listener.ended(prompt);
    }
    EngineGeneration generation = generation(options, 1);
    Usage usage = new Usage(prompt.length, 0, 0, 0);
    generation.finish(new GenerationEvent.Finished(FinishReason.CONTEXT_FULL, usage, generation.clock().timings()));
    return generation;
  }

  /** The earlier of both limits, in nanoseconds of the engine's clock. */
  private static long deadline(GenerationOptions options, long submitted) {
    long left = Sequence.NO_DEADLINE;
    Duration limit = options.timeLimit();
    if (limit != null) {
      left = TimeUnit.NANOSECONDS.convert(limit);
    }
    Instant deadline = options.deadline();
    if (deadline != null) {
      left = Math.min(left, TimeUnit.NANOSECONDS.convert(Duration.between(Instant.now(), deadline)));
    }
    // TimeUnit.convert saturates: what ends after 292 years has no end.
    return left > Long.MAX_VALUE / 4 ? Sequence.NO_DEADLINE : submitted + Math.max(0, left);
  }

  /**
   * Writes the tokens and the state after them to a file. What the engine has of the state is used, the rest is computed,
   * in turn with everything else.
   *
   * @param tokens at least one, no more than {@link #sequenceContextSize}
   * @throws IOException if the file can't be written
   * @throws io.panallama.error.EngineBusyException if the queue is full
   * @throws GenerationException if the state can't be computed or copied
   * @throws IllegalStateException if the engine is closed
   */
  public void save(int[] tokens, Path file) throws IOException {
    try (StateCatcher catcher = new StateCatcher()) {
      submit(tokens, GenerationOptions.defaults(), List.of(), () -> {}, catcher).await();
      ImageFile.write(file, started.join().fingerprint(), tokens, catcher.image(), () -> false);
    }
  }

  /**
   * Reads what {@link #save} wrote, and has the engine take the state in.
   *
   * @return the tokens
   * @throws RefusedImageException if the file is damaged, or is not of this model with these cache types
   * @throws IOException if the file can't be read
   * @throws IllegalStateException if the engine is closed
   */
  public int[] restore(Path file) throws IOException {
    requireOpen();
    Decoder decoder = started.join();
    byte[] fingerprint = decoder.fingerprint();
    int[] tokens = ImageFile.readHeader(file, fingerprint).tokens();
    adoptions.add(new Adoption(tokens, ImageFile.read(file, fingerprint, tokens, decoder::read)));
    wake();
    if (ended) {
      dropAdoptions();
    }
    return tokens.clone();
  }

  /** A state on its way to the engine thread. */
  private record Adoption(int[] tokens, StateImage image) {}

  private void adopt(PrefixCache prefixes) {
    Adoption adoption;
    while ((adoption = adoptions.poll()) != null) {
      prefixes.adopt(adoption.tokens(), adoption.image());
    }
  }

  private void dropAdoptions() {
    Adoption adoption;
    while ((adoption = adoptions.poll()) != null) {
      adoption.image().close();
    }
  }

  /**
   * Refuses early what would be refused after the work of rendering and tokenizing. A place may still be gone by then.
   *
   * @throws io.panallama.error.EngineBusyException if the queue is full now
   * @throws IllegalStateException if the engine is closed
   */
  public void requirePlace() {
    requireOpen();
    admission.requirePlace();
  }

  /**
   * Takes places for several generations, all or none.
   *
   * @throws io.panallama.error.EngineBusyException if there are not so many
   * @throws IllegalStateException if the engine is closed
   */
  public Places reserve(int count) {
    requireOpen();
    admission.enter(count);
    return new Places(admission, count);
  }

  private void requireOpen() {
    if (death != null) {
      throw new IllegalStateException("The engine died: " + death.getMessage(), death);
    }
    if (closing) {
      throw new IllegalStateException("The engine is closed.");
    }
  }

  public EngineStats stats() {
    return counters.snapshot(settings.slots(), admission.inFlight());
  }

  /** Ends every generation with {@link Reason#ENGINE_CLOSED} and waits for the thread to end. Repeating it is harmless. */
  @Override
  public void close() {
    requestClose();
    stopped.join();
  }

  /** Asks the thread to end, without waiting. */
  void requestClose() {
    closing = true;
    if (started.isDone() && !started.isCompletedExceptionally()) {
      started.join().requestAbort();
    }
    wake();
  }

  /** Waits for the end of the thread; false if {@code timeout} passed first. */
  boolean awaitEnd(Duration timeout) {
    try {
      stopped.get(Math.max(0, timeout.toNanos()), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException still) {
      return false;
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Makes the loop look at its inbox and its sequences again. */
  void wake() {
    LockSupport.unpark(thread);
  }

  /** The reader of a generation wants no more. */
  void cancelled(EngineGeneration generation) {
    if (generation.isPrefilling()) {
      started.join().requestAbort();
    }
    cancelRequested = true;
    wake();
  }

  // ---- engine thread ----

  void run() {
    Decoder decoder;
    try {
      decoder = decoders.get();
    } catch (Throwable failure) {
      closing = true;
      ended = true;
      stopped.complete(null);
      started.completeExceptionally(failure);
      return;
    }
    try (decoder;
        PrefixCache prefixes = prefixCache(decoder)) {
      cache = prefixes;
      started.complete(decoder);
      Stepper stepper = new Stepper(this, decoder, prefixes, pieces, settings, clock);
      while (!closing) {
        turn(decoder, prefixes, stepper);
      }
      // Before the disk is waited for.
      failAll();
      failInbox();
      prefixes.flush();
    } catch (Throwable failure) {
      death = failure;
      // If it was not complete yet, somebody waits for it.
      started.completeExceptionally(failure);
      throw failure;
    } finally {
      closing = true;
      failAll();
      // From here on submit fails what it adds; what was added before is failed here, before close returns.
      ended = true;
      failInbox();
      dropAdoptions();
      stopped.complete(null);
    }
  }

  /** A method of its own, which the JVM compiles: {@link #run} is called once. */
  private void turn(Decoder decoder, PrefixCache prefixes, Stepper stepper) {
    // Before the inbox is read: whoever sets the flag later is found in the next turn, wherever its sequence is.
    boolean cancellations = takeCancelRequest();
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
    prefixes.shareAgain(active);
    if (!stepper.step(active)) {
      idle(prefixes, stepper.processors());
    }
  }

  private PrefixCache prefixCache(Decoder decoder) {
    SpillConfig spill = settings.spill();
    boolean spills = spill.memoryBytes() > 0 || spill.diskBytes() > 0;
    ColdStore cold = spills ? new ColdStore(decoder, spill, counters, settings.name() + "-spill", this::wake) : null;
    return new PrefixCache(decoder, settings.slots(), counters, cold);
  }

  private void receive() {
    Sequence sequence;
    while ((sequence = inbox.poll()) != null) {
      waiting.add(sequence);
      nextDeadline = Math.min(nextDeadline, sequence.deadline());
    }
  }

  private void idle(PrefixCache prefixes, ProcessorCalls processors) {
    // Each of them, though whoever brought it has called wake: a lock that a listener waited for may have taken that.
    if (cancelRequested
        || !inbox.isEmpty()
        || !adoptions.isEmpty()
        || prefixes.hasReports()
        || processors.hasAnswers()
        || closing) {
      return;
    }
    long next = Math.min(nextDeadline, processors.nextDeadline());
    if (next == Sequence.NO_DEADLINE) {
      LockSupport.park(this);
    } else {
      LockSupport.parkNanos(this, next - clock.getAsLong());
    }
  }

  /** Ends what has run out of time, and finds out when to look again. */
  private void endOverdue(Stepper stepper, long now) {
    List<Sequence> all = new ArrayList<>(active);
    waiting.copyTo(all, _ -> true);
    nextDeadline = Sequence.NO_DEADLINE;
    for (Sequence sequence : all) {
      if (sequence.deadline() > now) {
        nextDeadline = Math.min(nextDeadline, sequence.deadline());
      } else {
        waiting.remove(sequence);
        stepper.endEarly(sequence, FinishReason.TIME_LIMIT);
      }
    }
  }

  private boolean takeCancelRequest() {
    boolean requested = cancelRequested;
    if (requested) {
      cancelRequested = false;
    }
    return requested;
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
      waiting.remove(sequence);
      finish(sequence, FinishReason.CANCELLED);
    }
  }

  /** Lets the waiting in, in order, while there are slots and the KV cache has room for what they bring. */
  private void admit(Decoder decoder, PrefixCache prefixes, long now) {
    while ((!full || active.isEmpty()) && !waiting.isEmpty() && active.size() < settings.slots()) {
      Sequence next = waiting.first(now);
      if (next == null || !fits(next, decoder)) {
        break;
      }
      waiting.remove(next);
      // Before anything that can fail, or nobody would tell its reader.
      active.add(next);
      prefixes.admit(next);
    }
    counters.running(active.size());
  }

  /**
   * Whether a sequence can be let in without soon pushing another one out. A sequence alone always fits: submit refused
   * what is longer than the context.
   */
  private boolean fits(Sequence candidate, Decoder decoder) {
    if (active.isEmpty()) {
      return true;
    }
    long cells = candidate.length();
    for (int i = 0; i < active.size(); i++) {
      cells += active.get(i).length() - active.get(i).borrowedLength();
    }
    // Some room to grow for each, so that a sequence let in now is not pushed out by the next few tokens.
    long headroom = 32L * (active.size() + 1);
    return cells + headroom <= decoder.contextSize();
  }

  /** Takes a running sequence's cells back and lets it wait before all others; it will be computed again. */
  void preempt(Sequence sequence) {
    prefixes().pushOut(sequence);
    active.remove(sequence);
    sequence.preempt();
    waiting.add(sequence);
    counters.preempted();
    full = true;
  }

  /** Ends a sequence and tells its reader. */
  void finish(Sequence sequence, FinishReason reason) {
    int reused = sequence.sharedLength();
    if (sequence.isActive()) {
      prefixes().retire(sequence);
      active.remove(sequence);
    }
    end(sequence);
    EngineGeneration generation = sequence.generation();
    Usage usage = new Usage(sequence.promptLength(), reused, sequence.completionLength(), sequence.discarded());
    sequence.tellEnded();
    // The place is free before the reader hears of the end, who may want it again at once.
    admission.leave(generation.clock().sinceSubmission());
    generation.finish(new GenerationEvent.Finished(reason, usage, generation.clock().timings()));
  }

  /** Ends a sequence by a fault and tells its reader. */
  void fail(Sequence sequence, Reason reason, String message) {
    fail(sequence, reason, message, null);
  }

  /** Ends a sequence by a fault with a cause and tells its reader. */
  void fail(Sequence sequence, Reason reason, String message, @Nullable Throwable cause) {
    if (sequence.isActive()) {
      prefixes().release(sequence);
      active.remove(sequence);
    }
    end(sequence);
    sequence.tellFailed();
    admission.leave();
    sequence.generation().fail(new GenerationException(reason, message, cause));
  }

  private void end(Sequence sequence) {
    full = false;
    counters.running(active.size());
    sequence.finish();
    sequence.sampler().close();
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

  boolean isClosing() {
    return closing;
  }

  /** At the end of the thread: no decoder is touched, its context goes as a whole. */
  private void failAll() {
    Throwable cause = death;
    counters.running(0);
    for (List<Sequence> sequences : List.of(List.copyOf(active), waiting.drain())) {
      for (Sequence sequence : sequences) {
        failUnserved(sequence, cause);
      }
    }
    active.clear();
  }

  private void failInbox() {
    Sequence sequence;
    while ((sequence = inbox.poll()) != null) {
      failUnserved(sequence, death);
    }
  }

  private void failUnserved(Sequence sequence, @Nullable Throwable cause) {
    sequence.finish();
    sequence.sampler().close();
    sequence.tellFailed();
    admission.leave();
    sequence
        .generation()
        .fail(
            cause == null
                ? new GenerationException(Reason.ENGINE_CLOSED, "The engine was closed.", null)
                : new GenerationException(Reason.DECODE_FAILED, "The engine died: " + cause.getMessage(), cause));
  }
}
