package io.panallama.internal.engine;

import io.panallama.error.GenerationException;
import io.panallama.internal.cache.CachedText;
import io.panallama.internal.cache.Residency;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.TokenSampler;
import io.panallama.internal.schedule.Admission;
import io.panallama.internal.schedule.RequestClock;
import io.panallama.internal.schedule.Schedulable;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.internal.stream.StopMatcher;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.LogitProcessing;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One generation as the engine thread sees it: its tokens, its sampler and where it is in its life. What the KV cache holds
 * of it is its {@link Residency}.
 *
 * <pre>
 *   WAITING --admit--> ACTIVE --finish--> FINISHED
 *      ^                  |
 *      +-----preempt------+          WAITING --finish--> FINISHED (cancelled before it ran)
 * </pre>
 *
 * <p>An active sequence prefills while more than its last token is missing from the KV cache, and generates otherwise.
 * Everything but the flags of {@link EngineGeneration} is confined to the engine thread.
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
  private final @Nullable ProcessorCall processor;

  private State state = State.WAITING;
  private int[] tokens;
  private int length;
  private int generated;
  private int discarded;
  private final Residency residency = new Residency(this);
  private boolean stalled;
  private boolean preempted;
  private long lastTurn;

  /**
   * @param lineage what besides its tokens decides its state
   * @param prompt what is left of it under {@link ContextOverflow.Shift}
   * @param contextLimit the most tokens of a sequence
   * @param deadline nanoseconds of the engine's clock, or {@link #NO_DEADLINE}
   * @param listener is told how the tokens are left
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
    this.deadline = deadline;
    this.listener = listener;
    this.contextLimit = contextLimit;
    // Room for what is usual from the start, on the caller's thread: the engine thread then allocates nothing per
    // token.
    this.promptLength = prompt.length;
    int[] fitting = fitting(prompt);
    long wanted = fitting.length + (long) Math.min(options.maxTokens(), USUAL_COMPLETION);
    this.tokens = Arrays.copyOf(fitting, (int) Math.min(wanted, contextLimit));
    this.length = fitting.length;
    this.discarded = prompt.length - fitting.length;
  }

  /** The prompt, without the tokens behind those to keep if it is too long; half of the rest is left for the answer. */
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

  /** The moments of its request. */
  RequestClock clock() {
    return clock;
  }

  /** What the KV cache holds of it. */
  Residency residency() {
    return residency;
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

  /** Tokens of the prompt as it was given. */
  @Override
  public int promptLength() {
    return promptLength;
  }

  int completionLength() {
    return generated;
  }

  /** Tokens of prompt and completion that were taken out to make room. */
  int discarded() {
    return discarded;
  }

  /** Prompt and generated tokens together, without what was taken out. */
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

  /** Tokens of this sequence that the KV cache holds. */
  int cached() {
    return residency.cached();
  }

  @Override
  public int missing() {
    return length - residency.cached();
  }

  /** What is missing, or less where a copy of the state is wanted on the way. */
  @Override
  public int chunkLimit() {
    return residency.chunkLimit(missing());
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

  /** Java code that has a say in its tokens; null for none. */
  @Nullable ProcessorCall processor() {
    return processor;
  }

  /** Whether its request ends with this token. */
  boolean isStopToken(int token) {
    for (int stop : stopTokens) {
      if (stop == token) {
        return true;
      }
    }
    return false;
  }

  /** Whether a stop text may end it where it is. */
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
  }

  /** Back to the queue; the sampler keeps its state. */
  void preempt() {
    require(State.ACTIVE, "preempt");
    state = State.WAITING;
    preempted = true;
  }

  /** Whether a full context makes room instead of ending the generation. */
  boolean shifts() {
    return options.overflow() instanceof ContextOverflow.Shift;
  }

  /**
   * Takes the older half of what need not be kept out of the tokens.
   *
   * @return how many tokens at the beginning are unchanged
   */
  int shift() {
    require(State.ACTIVE, "shift");
    if (!(options.overflow() instanceof ContextOverflow.Shift shift)) {
      throw new IllegalStateException("shift on a sequence that must keep its tokens");
    }
    int keep = Math.min(shift.keep(), length - 1);
    int removed = Math.max(1, (length - keep) / 2);
    System.arraycopy(tokens, keep + removed, tokens, keep, length - keep - removed);
    length -= removed;
    discarded += removed;
    return keep;
  }

  /** Ends its life, and closes its processor and its sampler. */
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
      sampler.close();
    }
  }

  /**
   * Ends it without an answer, as far as that is still to be done: the engine will not serve it. Whatever fails on the way,
   * its place is given back and its reader told.
   */
  void abandon(GenerationException reason, Admission admission) {
    try {
      if (!isFinished()) {
        finish();
      }
    } finally {
      try {
        tellFailed();
      } finally {
        admission.leave();
        generation.fail(reason);
      }
    }
  }

  /** Whether it ends with its prompt, whose state its listener gets. */
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
    require(State.ACTIVE, "append");
    if (length == tokens.length) {
      int wanted = Math.max(64, length + (length >> 1));
      tokens = Arrays.copyOf(tokens, Math.min(wanted, contextLimit));
    }
    tokens[length++] = token;
    generated++;
  }

  /** It waits for the prefix of another sequence or for its processor, or its reader is too far behind. */
  @Override
  public boolean isPaused() {
    return stalled || residency.isWaiting() || processor != null && processor.isPending();
  }

  /**
   * Looks how far behind its reader is, once before each step. A sequence that stalled goes on only when half of the mailbox
   * is free, so that a slow reader does not change the batch at every token.
   */
  void updateBackpressure() {
    if (stalled) {
      if (generation.mailbox().hasDrained()) {
        stalled = false;
        generation.stalled(false);
      }
    } else if (!generation.mailbox().hasRoom()) {
      generation.stalled(true);
      // The reader may have drained everything between the two lines above and would not wake the engine again.
      stalled = !generation.mailbox().hasDrained();
      generation.stalled(stalled);
    }
  }

  private void require(State expected, String operation) {
    if (state != expected) {
      throw new IllegalStateException(operation + " on a sequence that is " + state + ", not " + expected);
    }
  }
}
