package io.panallama.internal.engine;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.InvalidRequestException;
import io.panallama.error.PanallamaException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Usage;
import io.panallama.internal.cache.ImageFile;
import io.panallama.internal.cache.PrefixCache;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.decode.TokenSampler;
import io.panallama.internal.schedule.Admission;
import io.panallama.internal.schedule.Applicant;
import io.panallama.internal.schedule.Place;
import io.panallama.internal.schedule.RequestClock;
import io.panallama.internal.schedule.Reservation;
import io.panallama.internal.schedule.Schedulable;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.internal.stream.Mailbox;
import io.panallama.internal.stream.Pieces;
import io.panallama.internal.stream.ReaderListener;
import io.panallama.internal.stream.StopMatcher;
import io.panallama.observe.ActiveGeneration;
import io.panallama.observe.EngineState;
import io.panallama.observe.EngineStats;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The caller-facing side of an engine: checks requests, queues them for the {@link EngineLoop}, and closes the engine.
 *
 * <p>Lifetime: from {@link #start} to {@link #close}. Thread-safe; only {@link #save} and {@link #close} wait for the
 * engine thread.
 */
public final class EngineFront implements AutoCloseable, ReaderListener {
  /** A generation that begins here, with nobody watching its tokens. */
  public static final Replay NEW = new Replay(new int[0], _ -> {});

  private final EngineSettings settings;
  private final Pieces pieces;
  private final Admission admission;
  private final Intake intake;
  private final Lifecycle life;
  private final Counters counters;
  private final LongSupplier clock;
  private final AtomicLong ids = new AtomicLong();

  private EngineFront(
      EngineSettings settings,
      Pieces pieces,
      Admission admission,
      Intake intake,
      Lifecycle life,
      Counters counters,
      LongSupplier clock) {
    this.settings = settings;
    this.pieces = pieces;
    this.admission = admission;
    this.intake = intake;
    this.life = life;
    this.counters = counters;
    this.clock = clock;
  }

  /**
   * Starts the engine thread and waits until its decoder is created.
   *
   * @param decoders creates the decoder on the engine thread, which closes it at the end; an exception of the supplier
   *     is thrown here
   * @throws io.panallama.error.EngineStartException if the spill directory can't be created
   */
  public static EngineFront start(EngineSettings settings, Pieces pieces, Supplier<Decoder> decoders) {
    return start(settings, pieces, decoders, new ConcurrentLinkedQueue<>(), System::nanoTime);
  }

  /**
   * Starts with the caller's inbox and clock, so that a test can control what the engine thread sees.
   *
   * @param inbox a queue that allows many concurrent writers
   * @param clock nanoseconds, like {@link System#nanoTime}; thread-safe
   */
  static EngineFront start(
      EngineSettings settings, Pieces pieces, Supplier<Decoder> decoders, Queue<Sequence> inbox, LongSupplier clock) {
    PrefixCache.createFolder(settings.spill(), settings.imageKey());
    Admission admission = new Admission(settings.slots(), settings.queueLimit(), settings.queueTokenLimit(), clock);
    Intake intake = new Intake(inbox);
    Lifecycle life = new Lifecycle();
    Counters counters = new Counters();
    EngineLoop loop = new EngineLoop(settings, pieces, decoders, intake, life, counters, clock);
    life.start(EngineThreads.unstarted(life, loop::run, settings.name()));
    return new EngineFront(settings, pieces, admission, intake, life, counters, clock);
  }

  /** The maximum number of tokens of one sequence. */
  public int sequenceContextSize() {
    return life.decoder().sequenceContextSize();
  }

  /** Whether the engine accepts requests. */
  public EngineState state() {
    endIfObstructed();
    return life.state();
  }

  /** The error that ended the engine; null unless its state is {@link EngineState#FAILED}. */
  public @Nullable Throwable failure() {
    return life.failure();
  }

  public EngineStats stats() {
    return counters.snapshot(settings.slots(), admission.inFlight());
  }

  /** The generations in flight, the oldest first. Never waits. */
  public List<ActiveGeneration> active() {
    return admission.active();
  }

  /** Cancels a generation; false if none has this id. */
  public boolean cancel(long id) {
    return admission.cancel(id);
  }

  private void requireRunning() {
    endIfObstructed();
    life.requireRunning();
  }

  /** The loop asks before each step; an idle one does not, and a step may be too late for a request that waits. */
  private void endIfObstructed() {
    if (life.state() == EngineState.RUNNING) {
      PanallamaException obstacle = settings.model().obstacle();
      if (obstacle != null) {
        life.failed(obstacle);
        life.requestClose();
      }
    }
  }

  // ---- requests ----

  /**
   * Rejects a prompt that could never produce an answer, or not the log-probabilities of all its tokens.
   *
   * @param why what limits the context, for the error
   * @throws PromptTooLongException if a prompt of this length leaves no room for an answer token and may not be
   *     truncated
   * @throws InvalidRequestException if more tokens are to be kept than fit
   */
  public void requireRoom(int promptLength, GenerationOptions options, PromptTooLongException.Limit why) {
    int limit = sequenceContextSize();
    if (promptLength >= limit && options.promptLogprobs().isPresent()) {
      throw new PromptTooLongException(promptLength, limit, why);
    }
    switch (options.overflow()) {
      case ContextOverflow.Reject() -> {
        if (promptLength >= limit) {
          throw new PromptTooLongException(promptLength, limit, why);
        }
      }
      case ContextOverflow.Stop() -> {}
      case ContextOverflow.Shift(int keep) -> {
        if (keep > limit - 2) {
          throw new InvalidRequestException(
              "overflow.keep",
              name("overflow.keep")
                  + " is "
                  + keep
                  + "; the context of "
                  + limit
                  + " tokens allows 0 to "
                  + (limit - 2)
                  + ".");
        }
      }
    }
  }

  /**
   * @throws io.panallama.error.EngineClosedException if the engine is closed
   * @throws io.panallama.error.EngineFailedException if it has failed
   */
  public void requireOpen() {
    requireRunning();
  }

  /**
   * Rejects a request early, before the work of rendering and tokenizing. The queue may still fill up before it is
   * submitted.
   *
   * @throws io.panallama.error.EngineBusyException if the queue is full now
   * @throws io.panallama.error.EngineClosedException if the engine is closed
   * @throws io.panallama.error.EngineFailedException if it has failed
   */
  public void requirePlace(Applicant applicant) {
    requireRunning();
    admission.requirePlace(applicant);
  }

  /**
   * Reserves capacity for several generations, all or none.
   *
   * @throws io.panallama.error.EngineBusyException if the queue has too little room
   * @throws io.panallama.error.EngineClosedException if the engine is closed
   * @throws io.panallama.error.EngineFailedException if it has failed
   */
  public Reservation reserve(Applicant applicant, int count) {
    requireRunning();
    return new Reservation(admission, applicant, count);
  }

  /** Queues a generation without adapters, media or a reservation. */
  public Generation submit(
      int[] prompt,
      GenerationOptions options,
      List<String> stopTexts,
      TokenSampler sampler,
      @Nullable SequenceListener listener) {
    return submit(Lineage.EMPTY, prompt, options, stopTexts, sampler, listener, null);
  }

  /** Queues a generation without adapters or media. */
  public Generation submit(
      int[] prompt,
      GenerationOptions options,
      List<String> stopTexts,
      TokenSampler sampler,
      @Nullable SequenceListener listener,
      @Nullable Reservation reservation) {
    return submit(Lineage.EMPTY, prompt, options, stopTexts, sampler, listener, reservation);
  }

  /**
   * Queues a generation, which owns {@code sampler} and {@code prompt} from now on. If this throws, the sampler still
   * belongs to the caller.
   *
   * @param lineage what determines the state besides the tokens; only sequences of equal lineage share prefixes
   * @param stopTexts texts that end the generation: the request's own stops and those of the chat template
   * @param listener called at the end, unless this throws; a {@link StateListener} gets the state after the prompt,
   *     which may fill the context, and nothing is generated
   * @param reservation already holds capacity for this generation; null to take it from the queue
   * @throws io.panallama.error.EngineBusyException if the queue is full
   * @throws InvalidRequestException as {@link #requireRoom}
   * @throws io.panallama.error.EngineClosedException if the engine is closed
   * @throws io.panallama.error.EngineFailedException if it has failed
   */
  public Generation submit(
      Lineage lineage,
      int[] prompt,
      GenerationOptions options,
      List<String> stopTexts,
      TokenSampler sampler,
      @Nullable SequenceListener listener,
      @Nullable Reservation reservation) {
    Applicant applicant = Applicant.of(prompt, options);
    return submit(lineage, prompt, options, stopTexts, sampler, listener, reservation, applicant, NEW);
  }

  /**
   * The same for a generation that may have begun in another engine.
   *
   * @param applicant by which the request is known again if it is refused
   * @param replay what it has generated there
   */
  public EngineGeneration submit(
      Lineage lineage,
      int[] prompt,
      GenerationOptions options,
      List<String> stopTexts,
      TokenSampler sampler,
      @Nullable SequenceListener listener,
      @Nullable Reservation reservation,
      Applicant applicant,
      Replay replay) {
    if (!(listener instanceof StateListener)) {
      requireRoom(prompt.length, options, PromptTooLongException.Limit.CONTEXT);
    }
    requireRunning();
    if (prompt.length >= sequenceContextSize() && options.overflow() instanceof ContextOverflow.Stop) {
      return full(prompt, options, sampler, listener, replay);
    }
    Place place =
        reservation == null ? admission.enter(applicant.withTokens(prompt.length), replay.bounds()) : reservation.use();
    EngineGeneration generation;
    try {
      generation = enqueue(lineage, prompt, options, stopTexts, sampler, listener, place, replay);
    } catch (Throwable failure) {
      place.leave();
      throw failure;
    }
    life.wake();
    abandonIfEnded();
    return generation;
  }

  /**
   * If the loop ended between a check and an add, it does not look at the intake again, so the sequence is failed here.
   */
  private void abandonIfEnded() {
    if (life.hasEnded()) {
      intake.abandonAll(life.unserved());
    }
  }

  private EngineGeneration enqueue(
      Lineage lineage,
      int[] prompt,
      GenerationOptions options,
      List<String> stopTexts,
      TokenSampler sampler,
      @Nullable SequenceListener listener,
      Place place,
      Replay replay) {
    StopMatcher stops = new StopMatcher(stopTexts, Math.max(pieces.longest(), sampler.longestVisibleControlToken()));
    EngineGeneration generation =
        generation(prompt.length, options, stops.largestRelease(), sampler.longestVisibleControlToken(), replay);
    RequestClock times = new RequestClock(clock);
    long deadline = deadline(options, times.submitted());
    Sequence sequence =
        new Sequence(
            generation, times, sampler, stops, lineage, prompt, sequenceContextSize(), options, deadline, listener);
    sequence.takes(place);
    FinishReason reason = replay(sequence, replay.tokens());
    if (reason == null) {
      intake.add(sequence);
    } else {
      sequence.finish();
      sequence.tellEnded();
      place.leave();
      Usage usage = new Usage(sequence.promptLength(), 0, sequence.completionLength(), sequence.discarded());
      generation.finish(new GenerationEvent.Finished(reason, usage, times.timings(), stops.stopText()));
    }
    return generation;
  }

  /** Puts a sequence behind tokens of an earlier life; returns why it had ended with them, or null if it goes on. */
  private @Nullable FinishReason replay(Sequence sequence, int[] tokens) {
    if (tokens.length == 0) {
      return null;
    }
    // They were generated after all of the prompt had been handed out.
    sequence.scores().end();
    sequence.sampler().replay(tokens);
    for (int token : tokens) {
      FinishReason reason = TokenSink.replay(pieces, sequence, token);
      if (reason != null) {
        return reason;
      }
      if (sequence.filledContext()) {
        sequence.shift();
      }
    }
    return null;
  }

  /** The mailbox has room for all replayed tokens at once, in entries and in bytes, and then for its usual number. */
  private EngineGeneration generation(
      int promptTokens, GenerationOptions options, int largestEntry, int visible, Replay replay) {
    long bytes = 0;
    for (int token : replay.tokens()) {
      bytes += pieces.length(token) == 0 ? visible : pieces.length(token);
    }
    int replayed = (int) Math.max(replay.tokens().length, (bytes + Mailbox.ENTRY_BYTES - 1) / Mailbox.ENTRY_BYTES);
    Mailbox mailbox =
        new Mailbox(
            settings.mailboxCapacity() + replayed, largestEntry, options.topLogprobs(), options.promptLogprobs());
    return new EngineGeneration(
        ids.incrementAndGet(), promptTokens, mailbox, options.topLogprobs() > 0, this, replay.read());
  }

  /** Answers a prompt that leaves no room for an answer. */
  private EngineGeneration full(
      int[] prompt,
      GenerationOptions options,
      TokenSampler sampler,
      @Nullable SequenceListener listener,
      Replay replay) {
    sampler.close();
    if (listener != null) {
      listener.ended(prompt);
    }
    EngineGeneration generation = generation(prompt.length, options, 1, 0, replay);
    Usage usage = new Usage(prompt.length, 0, 0, 0);
    generation.finish(
        new GenerationEvent.Finished(FinishReason.CONTEXT_FULL, usage, new RequestClock(clock).timings()));
    return generation;
  }

  /** The earlier of time limit and deadline, in nanoseconds of the engine's clock. */
  private static long deadline(GenerationOptions options, long submitted) {
    long left = Schedulable.NO_DEADLINE;
    Duration limit = options.timeLimit().orElse(null);
    if (limit != null) {
      left = TimeUnit.NANOSECONDS.convert(limit);
    }
    Instant deadline = options.deadline().orElse(null);
    if (deadline != null) {
      left = Math.min(left, TimeUnit.NANOSECONDS.convert(Duration.between(Instant.now(), deadline)));
    }
    // TimeUnit.convert saturates: a limit beyond 292 years is no limit.
    return left > Long.MAX_VALUE / 4 ? Schedulable.NO_DEADLINE : submitted + Math.max(0, left);
  }

  // ---- readers ----

  @Override
  public void caughtUp() {
    life.wake();
  }

  @Override
  public void cancelled(EngineGeneration generation) {
    if (generation.isPrefilling()) {
      life.requestAbort();
    }
    intake.requestCancel();
    life.wake();
  }

  // ---- states in files ----

  /**
   * Writes the tokens and the state after them to a file. Cached parts of the state are reused; the rest is scheduled
   * like any other prompt.
   *
   * @param tokens at least one and at most {@link #sequenceContextSize}
   * @throws io.panallama.internal.cache.UnusableKeyException if there is no key to sign the file with
   * @throws IOException if the file can't be written
   * @throws io.panallama.error.EngineBusyException if the queue is full
   * @throws io.panallama.error.GenerationException if the state can't be computed or copied
   * @throws io.panallama.error.EngineClosedException if the engine is closed
   * @throws io.panallama.error.EngineFailedException if it has failed
   */
  public void save(int[] tokens, Path file) throws IOException {
    // Before the state is computed in vain.
    settings.imageKey().mac();
    try (StateCatcher catcher = new StateCatcher()) {
      submit(tokens, GenerationOptions.defaults(), List.of(), () -> {}, catcher).await();
      ImageFile.write(
          file,
          settings.imageKey(),
          life.decoder().states().fingerprint(),
          Lineage.EMPTY,
          tokens,
          catcher.image(),
          () -> false);
    }
  }

  /**
   * Reads a file written by {@link #save} and passes the state to the engine thread, which retains it like the state of
   * a finished generation.
   *
   * @return the tokens
   * @throws io.panallama.internal.cache.RefusedImageException if the file is damaged, or belongs to another model or
   *     other cache types, or was not signed with the engine's key
   * @throws io.panallama.internal.cache.UnusableKeyException if there is no key to check the file with
   * @throws IOException if the file can't be read
   * @throws io.panallama.error.EngineClosedException if the engine is closed
   * @throws io.panallama.error.EngineFailedException if it has failed
   */
  public int[] restore(Path file) throws IOException {
    requireRunning();
    StateStore states = life.decoder().states();
    byte[] fingerprint = states.fingerprint();
    int[] tokens = ImageFile.readHeader(file, settings.imageKey(), fingerprint).tokens();
    intake.add(
        new Intake.Adoption(
            Lineage.EMPTY,
            tokens,
            ImageFile.read(file, settings.imageKey(), fingerprint, Lineage.EMPTY, tokens, states::read)));
    life.wake();
    abandonIfEnded();
    return tokens.clone();
  }

  // ---- the end ----

  /**
   * Ends every generation with {@link io.panallama.error.GenerationException.Reason#ENGINE_CLOSED} and waits for the
   * thread to end. Calling it again, or after the engine has failed, is harmless.
   */
  @Override
  public void close() {
    life.requestClose();
    life.awaitEnd();
  }

  /** Asks the thread to end, without waiting. */
  void requestClose() {
    life.requestClose();
  }

  /** Waits for the thread to end; returns false if {@code timeout} passed first. */
  boolean awaitEnd(Duration timeout) {
    return life.awaitEnd(timeout);
  }
}
