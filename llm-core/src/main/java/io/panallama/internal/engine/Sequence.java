package io.panallama.internal.engine;

import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.LogitProcessing;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One generation as the engine thread sees it: its tokens, how many of them the KV cache holds, and where it is in its
 * life.
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
final class Sequence implements PrefixHolder {
  enum State {
    WAITING,
    ACTIVE,
    FINISHED
  }

  /** What {@link #deadline} gives without one: after any time. */
  static final long NO_DEADLINE = Long.MAX_VALUE;

  /** The scheduler's weight of a request that names no priority. */
  static final int DEFAULT_WEIGHT = GenerationOptions.DEFAULT_PRIORITY + 1;

  private static final int NO_ID = -1;
  private static final int USUAL_COMPLETION = 4096;

  private final EngineGeneration generation;
  private final TokenSampler sampler;
  private final StopMatcher stops;
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
  private int cached;
  private int id = NO_ID;
  private boolean stalled;
  private int shared;
  private int borrowed;
  private final Checkpoints checkpoints = new Checkpoints();
  private PrefixTree.@Nullable Entry<PrefixHolder> entry;
  private @Nullable PrefixHolder awaited;
  private int awaitedLength;
  private boolean preempted;
  private long lastTurn;

  /**
   * @param prompt what is left of it under {@link ContextOverflow.Shift}
   * @param contextLimit the most tokens of a sequence
   * @param deadline nanoseconds of the engine's clock, or {@link #NO_DEADLINE}
   * @param listener is told how the tokens are left
   */
  Sequence(
      EngineGeneration generation,
      TokenSampler sampler,
      StopMatcher stops,
      int[] prompt,
      int contextLimit,
      GenerationOptions options,
      long deadline,
      @Nullable SequenceListener listener) {
    this.stopTokens = options.stop().tokens().stream().mapToInt(Integer::intValue).toArray();
    LogitProcessing processing = options.processing();
    this.processor =
        processing == null ? null : new ProcessorCall(processing, "panallama-processor-" + generation.id());
    this.generation = generation;
    this.sampler = sampler;
    this.stops = stops;
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

  TokenSampler sampler() {
    return sampler;
  }

  StopMatcher stops() {
    return stops;
  }

  int topLogprobs() {
    return options.topLogprobs();
  }

  int priority() {
    return options.priority();
  }

  /** When it has to end, in nanoseconds of the engine's clock; {@link #NO_DEADLINE} if it has not. */
  long deadline() {
    return deadline;
  }

  /** Tokens of the prompt as it was given. */
  int promptLength() {
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
  int length() {
    return length;
  }

  int token(int position) {
    return tokens[position];
  }

  /** The array that holds the tokens; longer than they are. Not to be kept: it changes as the sequence grows. */
  int[] tokens() {
    return tokens;
  }

  /** Prompt tokens that were in the KV cache or came back to it, and were not computed again. */
  int sharedLength() {
    return shared;
  }

  /** Tokens whose cells are another sequence's too. */
  int borrowedLength() {
    return borrowed;
  }

  /** Where copies of its state are wanted while its prompt is computed. */
  Checkpoints checkpoints() {
    return checkpoints;
  }

  /** Tokens of this sequence that the KV cache holds. */
  @Override
  public int cached() {
    return cached;
  }

  /** Tokens that must be computed before the next one can be sampled; at least 1. */
  int missing() {
    return length - cached;
  }

  /** The most tokens of its next chunk: what is missing, or less where a copy is wanted on the way. */
  int chunkLimit() {
    return checkpoints.distance(cached, missing());
  }

  /** The number of its last turn among the prompts; 0 before the first. */
  long lastTurn() {
    return lastTurn;
  }

  void turnTaken(long number) {
    lastTurn = number;
  }

  /** Whether it was running before and had to make room. */
  boolean wasPreempted() {
    return preempted;
  }

  /** The id in the KV cache; only while active. */
  @Override
  public int id() {
    return id;
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

  /** Whether the only thing missing is the token sampled last, so that a step of one token gives the next. */
  boolean isGenerating() {
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

  void activate(int sequenceId) {
    require(State.WAITING, "activate");
    state = State.ACTIVE;
    id = sequenceId;
  }

  /** Back to the queue with nothing in the KV cache; the sampler keeps its state. */
  void preempt() {
    require(State.ACTIVE, "preempt");
    state = State.WAITING;
    preempted = true;
    id = NO_ID;
    forgotten();
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

  /** The KV cache holds no more than the first {@code count} tokens. */
  void truncated(int count) {
    cached = Math.min(cached, count);
    borrowed = Math.min(borrowed, count);
  }

  void finish() {
    if (state == State.FINISHED) {
      throw new IllegalStateException("finish on a finished sequence");
    }
    state = State.FINISHED;
    id = NO_ID;
    if (processor != null) {
      processor.close();
    }
  }

  /** The first {@code length} tokens are in the KV cache by sharing another sequence's cells. */
  void shared(int length) {
    restored(length);
    borrowed = length;
  }

  /** The first {@code length} tokens are in the KV cache in cells of its own, by a copy. */
  void restored(int length) {
    require(State.ACTIVE, "restored");
    cached = length;
    shared = Math.min(length, promptLength);
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

  /** Its place in the tree of prefixes, while it is active. */
  PrefixTree.@Nullable Entry<PrefixHolder> entry() {
    return entry;
  }

  void entry(PrefixTree.@Nullable Entry<PrefixHolder> value) {
    entry = value;
  }

  /** Whose prompt it waits for instead of computing the same; null if it does not wait. */
  @Nullable PrefixHolder awaited() {
    return awaited;
  }

  int awaitedLength() {
    return awaitedLength;
  }

  void await(@Nullable PrefixHolder holder, int length) {
    awaited = holder;
    awaitedLength = length;
  }

  void computed(int count) {
    require(State.ACTIVE, "computed");
    cached += count;
  }

  /** The KV cache holds nothing of this sequence any more. */
  void forgotten() {
    cached = 0;
    shared = 0;
    borrowed = 0;
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

  /**
   * Whether this sequence takes no part in the next step: it waits for the prompt of another one or for its processor, or its
   * reader is too far behind. Once it does, it goes on only when half of the
   * mailbox is free, so that a slow reader does not make the batch change at every token.
   */
  boolean sitsOut() {
    if (awaited != null || processor != null && processor.isPending()) {
      return true;
    }
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
    return stalled;
  }

  private void require(State expected, String operation) {
    if (state != expected) {
      throw new IllegalStateException(operation + " on a sequence that is " + state + ", not " + expected);
    }
  }
}
