package io.panallama.internal.engine;

import io.panallama.error.GenerationException;
import io.panallama.generation.PromptProgress;
import io.panallama.internal.cache.CachedText;
import io.panallama.internal.cache.Residency;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.TokenSampler;
import io.panallama.internal.flight.QueueFlight;
import io.panallama.internal.schedule.Applicant;
import io.panallama.internal.schedule.Place;
import io.panallama.internal.schedule.RequestClock;
import io.panallama.internal.schedule.Schedulable;
import io.panallama.internal.schedule.TenantShare;
import io.panallama.internal.schedule.TenantShares;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.internal.stream.StopMatcher;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.LogitProcessing;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One generation as the engine thread sees it: its tokens, its sampler and its state in the life cycle. Its
 * {@link Residency} tells what the KV cache holds of it.
 *
 * <pre>
 *   WAITING --admit--> ACTIVE --finish--> FINISHED
 *      ^                  |
 *      +-----preempt------+          WAITING --finish--> FINISHED (cancelled, or its deadline passed)
 * </pre>
 *
 * <p>An active sequence is prefilling while more than its last token is missing from the KV cache; otherwise it is
 * generating. Everything but the flags of {@link EngineGeneration} is confined to the engine thread.
 */
final class Sequence implements Schedulable, CachedText {
  enum State {
    WAITING,
    ACTIVE,
    FINISHED
  }

  private static final int USUAL_COMPLETION = 4096;

  private final EngineGeneration generation;
  private final RequestClock clock;
  private final TokenSampler sampler;
  private final StopMatcher stops;
  private final Lineage lineage;
  private final int promptLength;
  private final int contextLimit;
  private final GenerationOptions options;
  private final long deadline;
  private final @Nullable SequenceListener listener;
  private final int[] stopTokens;
  private final ScoredPrompt scores;
  private final @Nullable ProcessorCall processor;
  private @Nullable GrammarCall grammar;

  private Place place;
  private @Nullable TenantShare share;

  private State state = State.WAITING;
  private int[] tokens;
  private int length;
  private int generated;
  private int discarded;

  /** How many tokens of the prompt the KV cache had before its first step; negative until then. */
  private int cachedPrompt = -1;

  private final Residency residency = new Residency(this);
  private long stalledSince = NOT_STALLED;
  private boolean preempted;
  private long lastTurn;

  /**
   * @param lineage what determines its state besides the tokens
   * @param prompt truncated under {@link ContextOverflow.Shift} if it is too long
   * @param contextLimit maximum number of tokens of a sequence
   * @param deadline nanoseconds of the engine's clock, or {@link #NO_DEADLINE}
   * @param listener told about the tokens at the end
   */
  Sequence(
      EngineGeneration generation,
      RequestClock clock,
      TokenSampler sampler,
      StopMatcher stops,
      Lineage lineage,
      int[] prompt,
      int contextLimit,
      GenerationOptions options,
      long deadline,
      @Nullable SequenceListener listener) {
    this.stopTokens = options.stop().tokens().stream().mapToInt(Integer::intValue).toArray();
    LogitProcessing processing = options.processing().orElse(null);
    this.processor =
        processing == null ? null : new ProcessorCall(processing, "panallama-processor-" + generation.id());
    this.generation = generation;
    this.clock = clock;
    this.sampler = sampler;
    this.stops = stops;
    this.lineage = lineage;
    this.options = options;
    this.scores = new ScoredPrompt(options.promptLogprobs(), prompt.length);
    this.deadline = deadline;
    this.listener = listener;
    this.contextLimit = contextLimit;
    this.place = Place.detached(Applicant.of(prompt, options));
    // Reserves typical room up front, on the caller's thread, so that the engine thread allocates nothing per token.
    this.promptLength = prompt.length;
    int[] fitting = fitting(prompt);
    long wanted = fitting.length + (long) Math.min(options.maxTokens(), USUAL_COMPLETION);
    this.tokens = Arrays.copyOf(fitting, (int) Math.min(wanted, contextLimit));
    this.length = fitting.length;
    this.discarded = prompt.length - fitting.length;
  }

  /**
   * Returns the prompt, dropping tokens behind those to keep if it is too long; half of the remaining room is left for
   * the answer.
   */
  private int[] fitting(int[] prompt) {
    if (prompt.length < contextLimit || !(options.overflow() instanceof ContextOverflow.Shift shift)) {
      return prompt;
    }
    int tail = (contextLimit - shift.keep()) / 2;
    int[] fitting = Arrays.copyOf(prompt, shift.keep() + tail);
    System.arraycopy(prompt, prompt.length - tail, fitting, shift.keep(), tail);
    return fitting;
  }

  EngineGeneration generation() {
    return generation;
  }

  /** The timestamps of its request. */
  RequestClock clock() {
    return clock;
  }

  /** What the KV cache holds of the sequence. */
  Residency residency() {
    return residency;
  }

  /** Gives it the place that was taken for it, before the engine thread has it. */
  void takes(Place taken) {
    place = taken;
    place.belongsTo(generation.id(), generation::cancel);
  }

  /** Its place in slots and queue. */
  Place place() {
    return place;
  }

  /** Counts it for its tenant. */
  void enter(TenantShares tenants) {
    share = tenants.enter(options.tenant());
  }

  @Override
  public @Nullable TenantShare share() {
    return share;
  }

  @Override
  public long arrival() {
    return generation.id();
  }

  @Override
  public long submitted() {
    return clock.submitted();
  }

  TokenSampler sampler() {
    return sampler;
  }

  StopMatcher stops() {
    return stops;
  }

  int topLogprobs() {
    return options.topLogprobs();
  }

  @Override
  public int priority() {
    return options.priority();
  }

  @Override
  public long deadline() {
    return deadline;
  }

  /** The length of the original prompt in tokens. */
  @Override
  public int promptLength() {
    return promptLength;
  }

  int completionLength() {
    return generated;
  }

  /** Number of prompt and completion tokens that were discarded to make room. */
  int discarded() {
    return discarded;
  }

  /** Number of prompt and generated tokens together, without the discarded ones. */
  @Override
  public int length() {
    return length;
  }

  int token(int position) {
    return tokens[position];
  }

  @Override
  public Lineage lineage() {
    return lineage;
  }

  @Override
  public int[] tokens() {
    return tokens;
  }

  @Override
  public int sharedLength() {
    return residency.sharedLength();
  }

  /** Tells the reader how much of the prompt the cache had; only the first call does. */
  void promptBegins() {
    if (cachedPrompt < 0) {
      cachedPrompt = cached();
      if (QueueFlight.isRecorded()) {
        QueueFlight.admitted(generation.id(), clock.timings().queued().toNanos(), promptLength, cachedPrompt);
      }
      place.cachedTokens(Math.min(cachedPrompt, promptLength));
      tellPrompt(Duration.ZERO);
    }
  }

  /** Tells the reader how much of the prompt is in the cache, unless the answer has begun. */
  void promptAdvanced() {
    if (generated == 0) {
      place.processedTokens(Math.min(cached(), promptLength));
      tellPrompt(clock.timings().prefill());
    }
  }

  private void tellPrompt(Duration elapsed) {
    int total = promptLength - discarded;
    generation.promptProgress(new PromptProgress(total, cachedPrompt, Math.min(cached(), total), elapsed));
  }

  /** Number of its tokens that are in the KV cache. */
  int cached() {
    return residency.cached();
  }

  @Override
  public int missing() {
    return length - residency.cached();
  }

  /** The missing tokens, or fewer if a copy of the state is needed before, or the outputs of many. */
  @Override
  public int chunkLimit() {
    return scores.chunkLimit(cached(), residency.chunkLimit(missing()));
  }

  /** Which tokens of its prompt have been handed out with their log-probabilities. */
  ScoredPrompt scores() {
    return scores;
  }

  @Override
  public int scoredAmong(int count) {
    return scores.outputs(cached(), cached() + count);
  }

  @Override
  public int reusableLength() {
    return scores.reusable(length - 1);
  }

  @Override
  public long lastTurn() {
    return lastTurn;
  }

  @Override
  public void turnTaken(long number) {
    lastTurn = number;
  }

  @Override
  public boolean wasPreempted() {
    return preempted;
  }

  @Override
  public long stalledSince() {
    return stalledSince;
  }

  @Override
  public boolean isPrefilling() {
    return state == State.ACTIVE && completionLength() == 0;
  }

  boolean isActive() {
    return state == State.ACTIVE;
  }

  boolean isFinished() {
    return state == State.FINISHED;
  }

  @Override
  public boolean isGenerating() {
    return completionLength() > 0 && missing() == 1;
  }

  /** The logit processor that helps choose its tokens; null if there is none. */
  @Nullable ProcessorCall processor() {
    return processor;
  }

  /** Takes its samples that are too expensive for a step; made when it is first needed. */
  GrammarCall grammar(long limitNanos, Runnable wake) {
    GrammarCall call = grammar;
    if (call == null) {
      call = new GrammarCall(limitNanos, "panallama-grammar-" + generation.id(), wake);
      grammar = call;
    }
    return call;
  }

  /** Whether this token is one of the request's stop tokens. */
  boolean isStopToken(int token) {
    for (int stop : stopTokens) {
      if (stop == token) {
        return true;
      }
    }
    return false;
  }

  /** Whether it has generated enough tokens for a stop text to end it. */
  boolean reachedMinTokens() {
    return generated >= options.stop().minTokens();
  }

  boolean reachedMaxTokens() {
    return generated >= options.maxTokens();
  }

  boolean filledContext() {
    return length >= contextLimit;
  }

  void activate() {
    require(State.WAITING, "activate");
    state = State.ACTIVE;
    place.started();
  }

  /** Returns it to the waiting state; the sampler keeps its state. */
  void preempt() {
    require(State.ACTIVE, "preempt");
    state = State.WAITING;
    place.requeued();
    preempted = true;
  }

  /** Whether a full context discards tokens instead of ending the generation. */
  boolean shifts() {
    return options.overflow() instanceof ContextOverflow.Shift;
  }

  /**
   * Discards the older half of the tokens that need not be kept.
   *
   * @return the number of leading tokens that are unchanged
   */
  int shift() {
    if (state == State.FINISHED) {
      throw new IllegalStateException("shift on a finished sequence");
    }
    if (!(options.overflow() instanceof ContextOverflow.Shift shift)) {
      throw new IllegalStateException("shift on a sequence that must keep its tokens");
    }
    int keep = Math.min(shift.keep(), length - 1);
    int removed = Math.max(1, (length - keep) / 2);
    System.arraycopy(tokens, keep + removed, tokens, keep, length - keep - removed);
    length -= removed;
    discarded += removed;
    // What is left of the prompt is another text.
    scores.end();
    return keep;
  }

  /** Marks it as finished, and closes its processor and its sampler. */
  void finish() {
    if (state == State.FINISHED) {
      throw new IllegalStateException("finish on a finished sequence");
    }
    state = State.FINISHED;
    try {
      if (processor != null) {
        processor.close();
      }
    } finally {
      if (grammar == null) {
        sampler.close();
      } else {
        grammar.close(sampler);
      }
    }
  }

  /**
   * Ends a sequence that the engine will not serve, doing whatever still has to be done. Even if a part fails, its
   * capacity is released and its reader is told.
   */
  void abandon(GenerationException reason) {
    try {
      if (!isFinished()) {
        finish();
      }
    } finally {
      try {
        tellFailed();
      } finally {
        place.leave();
        generation.fail(reason);
      }
    }
  }

  /** Whether it ends after its prompt, without a token. */
  boolean endsWithPrompt() {
    return wantsState() || options.maxTokens() == 0;
  }

  /** Whether it ends after its prompt and passes the state to its listener. */
  boolean wantsState() {
    return listener instanceof StateListener;
  }

  void tellState(@Nullable StateImage image) {
    if (listener instanceof StateListener wanting) {
      wanting.state(image);
    }
  }

  void tellEnded() {
    if (listener != null) {
      listener.ended(Arrays.copyOf(tokens, length));
    }
  }

  void tellFailed() {
    if (listener != null) {
      listener.failed();
    }
  }

  void append(int token) {
    if (state == State.FINISHED) {
      throw new IllegalStateException("append to a finished sequence");
    }
    if (length == tokens.length) {
      int wanted = Math.max(64, length + (length >> 1));
      tokens = Arrays.copyOf(tokens, Math.min(wanted, contextLimit));
    }
    tokens[length++] = token;
    generated++;
    place.generatedTokens(generated);
    if (share != null) {
      share.generated();
    }
  }

  /** Whether it waits for another sequence's prefix, its processor or its grammar, or its reader is too far behind. */
  @Override
  public boolean isPaused() {
    return stalledSince != NOT_STALLED
        || residency.isWaiting()
        || processor != null && processor.isPending()
        || grammar != null && grammar.isPending();
  }

  /**
   * Checks how far its reader is behind, once before each step. A stalled sequence resumes only when half of the
   * mailbox is free, so that a slow reader does not change the batch at every token.
   *
   * @param now nanoseconds of the engine's clock
   */
  void updateBackpressure(long now) {
    if (stalledSince != NOT_STALLED) {
      if (generation.mailbox().hasDrained()) {
        stalledSince = NOT_STALLED;
        generation.stalled(false);
      }
    } else if (!generation.mailbox().hasRoom()) {
      generation.stalled(true);
      // The reader may have drained everything between the two lines above, in which case it would not wake the engine
      // again.
      boolean stalled = !generation.mailbox().hasDrained();
      generation.stalled(stalled);
      stalledSince = stalled ? now : NOT_STALLED;
    }
  }

  /** Whether it is stalled and its reader has made room since {@link #updateBackpressure}. */
  boolean canResume() {
    return stalledSince != NOT_STALLED && generation.mailbox().hasDrained();
  }

  private void require(State expected, String operation) {
    if (state != expected) {
      throw new IllegalStateException(operation + " on a sequence that is " + state + ", not " + expected);
    }
  }
}
