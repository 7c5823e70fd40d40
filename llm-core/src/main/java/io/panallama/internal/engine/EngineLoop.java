package io.panallama.internal.engine;

import io.panallama.EngineStats;
import io.panallama.FinishReason;
import io.panallama.Generation;
import io.panallama.GenerationEvent;
import io.panallama.GenerationException;
import io.panallama.GenerationException.Reason;
import io.panallama.GenerationOptions;
import io.panallama.PromptTooLongException;
import io.panallama.SpillConfig;
import io.panallama.Usage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
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
  private final CompletableFuture<Decoder> started = new CompletableFuture<>();
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();
  private final AtomicLong ids = new AtomicLong();
  private final Counters counters = new Counters();
  private volatile boolean closing;
  private volatile boolean ended;
  private volatile @Nullable Throwable death;
  private volatile boolean cancelRequested;
  private final Thread thread;

  // Confined to the engine thread.
  private final Deque<Sequence> waiting = new ArrayDeque<>();
  private final List<Sequence> active = new ArrayList<>();
  private @Nullable PrefixCache cache;

  /** Somebody was pushed out for want of room: nobody is let in again before one of the others has ended. */
  private boolean full;

  private EngineLoop(EngineSettings settings, Pieces pieces, Supplier<Decoder> decoders, Queue<Sequence> inbox) {
    this.inbox = inbox;
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
   * @throws io.panallama.EngineStartException if the directory to spill to can't be made
   */
  public static EngineLoop start(EngineSettings settings, Pieces pieces, Supplier<Decoder> decoders) {
    return start(settings, pieces, decoders, new ConcurrentLinkedQueue<>());
  }

  /** With an inbox of the caller's: safe for many writers, and the seam at which a test meets the engine thread. */
  static EngineLoop start(EngineSettings settings, Pieces pieces, Supplier<Decoder> decoders, Queue<Sequence> inbox) {
    if (settings.spill().directory() != null && settings.spill().diskBytes() > 0) {
      SpillFolder.create(settings.spill().directory());
    }
    EngineLoop loop = new EngineLoop(settings, pieces, decoders, inbox);
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
   * @throws PromptTooLongException if a prompt of this length leaves no room for a token of the answer
   */
  public void requireRoom(int promptLength) {
    int limit = sequenceContextSize();
    if (promptLength >= limit) {
      throw new PromptTooLongException(promptLength, limit);
    }
  }

  /**
   * Queues a generation, which owns {@code sampler} and {@code prompt} from here on. If this throws, the sampler is still
   * the caller's.
   *
   * @param stopTexts what ends the generation; the request's own stops and those of the chat template
   * @throws io.panallama.EngineBusyException if the queue is full
   * @throws PromptTooLongException if the prompt leaves no room for a token of the answer
   * @throws IllegalStateException if the engine is closed
   */
  public Generation submit(int[] prompt, GenerationOptions options, List<String> stopTexts, TokenSampler sampler) {
    requireRoom(prompt.length);
    requireOpen();
    admission.enter();
    EngineGeneration generation;
    try {
      generation = enqueue(prompt, options, stopTexts, sampler);
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
      int[] prompt, GenerationOptions options, List<String> stopTexts, TokenSampler sampler) {
    StopMatcher stops = new StopMatcher(stopTexts, pieces.longest());
    Mailbox mailbox = new Mailbox(settings.mailboxCapacity(), stops.largestRelease(), options.topLogprobs());
    EngineGeneration generation = new EngineGeneration(ids.incrementAndGet(), mailbox, options.topLogprobs() > 0, this);
    inbox.add(
        new Sequence(
            generation, sampler, stops, prompt, options.maxTokens(), sequenceContextSize(), options.topLogprobs()));
    return generation;
  }

  /**
   * Refuses early what would be refused after the work of rendering and tokenizing. A place may still be gone by then.
   *
   * @throws io.panallama.EngineBusyException if the queue is full now
   * @throws IllegalStateException if the engine is closed
   */
  public void requirePlace() {
    requireOpen();
    admission.requirePlace();
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
      Stepper stepper = new Stepper(this, decoder, prefixes, pieces, settings.slots());
      while (!closing) {
        // Before the inbox is read: whoever sets the flag later is found in the next round, wherever its sequence is.
        boolean cancellations = takeCancelRequest();
        receive();
        prefixes.receive();
        if (cancellations) {
          dropCancelled();
        }
        admit(decoder, prefixes);
        prefixes.shareAgain(active);
        if (!stepper.step(active)) {
          idle(prefixes);
        }
      }
      // Before the disk is waited for.
      failAll();
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
      stopped.complete(null);
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
      waiting.addLast(sequence);
    }
  }

  private void idle(PrefixCache prefixes) {
    if (inbox.isEmpty() && !prefixes.hasReports() && !closing) {
      LockSupport.park(this);
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
    for (Sequence sequence : List.copyOf(waiting)) {
      if (sequence.generation().isCancelled()) {
        waiting.remove(sequence);
        finish(sequence, FinishReason.CANCELLED);
      }
    }
  }

  /** Lets the waiting in, in order, while there are slots and the KV cache has room for what they bring. */
  private void admit(Decoder decoder, PrefixCache prefixes) {
    while ((!full || active.isEmpty())
        && !waiting.isEmpty()
        && active.size() < settings.slots()
        && fits(waiting.getFirst(), decoder)) {
      Sequence sequence = waiting.removeFirst();
      prefixes.admit(sequence);
      active.add(sequence);
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

  /** Takes a running sequence's cells back and puts it first in the queue; it will be computed again. */
  void preempt(Sequence sequence) {
    active.remove(sequence);
    prefixes().release(sequence);
    sequence.preempt();
    waiting.addFirst(sequence);
    counters.preempted();
    full = true;
  }

  /** Ends a sequence and tells its reader. */
  void finish(Sequence sequence, FinishReason reason) {
    int shared = sequence.sharedLength();
    if (sequence.isActive()) {
      active.remove(sequence);
      prefixes().retire(sequence);
    }
    end(sequence);
    EngineGeneration generation = sequence.generation();
    Usage usage = new Usage(sequence.promptLength(), shared, sequence.completionLength(), 0);
    // The place is free before the reader hears of the end, who may want it again at once.
    admission.leave(generation.clock().sinceSubmission());
    generation.finish(new GenerationEvent.Finished(reason, usage, generation.clock().timings()));
  }

  /** Ends a sequence by a fault and tells its reader. */
  void fail(Sequence sequence, Reason reason, String message) {
    if (sequence.isActive()) {
      active.remove(sequence);
      prefixes().release(sequence);
    }
    end(sequence);
    admission.leave();
    sequence.generation().fail(new GenerationException(reason, message, null));
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
    for (List<Sequence> sequences : List.of(List.copyOf(active), List.copyOf(waiting))) {
      for (Sequence sequence : sequences) {
        failUnserved(sequence, cause);
      }
    }
    active.clear();
    waiting.clear();
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
    admission.leave();
    sequence
        .generation()
        .fail(
            cause == null
                ? new GenerationException(Reason.ENGINE_CLOSED, "The engine was closed.", null)
                : new GenerationException(Reason.DECODE_FAILED, "The engine died: " + cause.getMessage(), cause));
  }
}
