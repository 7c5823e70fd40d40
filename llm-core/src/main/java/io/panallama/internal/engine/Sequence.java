package io.panallama.internal.engine;

import java.util.Arrays;

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
final class Sequence {
  enum State {
    WAITING,
    ACTIVE,
    FINISHED
  }

  private static final int NO_ID = -1;

  private final EngineGeneration generation;
  private final TokenSampler sampler;
  private final StopMatcher stops;
  private final int promptLength;
  private final int maxTokens;
  private final int contextLimit;
  private final int topLogprobs;

  private State state = State.WAITING;
  private int[] tokens;
  private int length;
  private int cached;
  private int id = NO_ID;
  private boolean stalled;

  Sequence(
      EngineGeneration generation,
      TokenSampler sampler,
      StopMatcher stops,
      int[] prompt,
      int maxTokens,
      int contextLimit,
      int topLogprobs) {
    this.generation = generation;
    this.sampler = sampler;
    this.stops = stops;
    this.tokens = prompt;
    this.length = prompt.length;
    this.promptLength = prompt.length;
    this.maxTokens = maxTokens;
    this.contextLimit = contextLimit;
    this.topLogprobs = topLogprobs;
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
    return topLogprobs;
  }

  int promptLength() {
    return promptLength;
  }

  int completionLength() {
    return length - promptLength;
  }

  /** Prompt and generated tokens together. */
  int length() {
    return length;
  }

  int token(int position) {
    return tokens[position];
  }

  /** Tokens of this sequence that the KV cache holds. */
  int cached() {
    return cached;
  }

  /** Tokens that must be computed before the next one can be sampled; at least 1. */
  int missing() {
    return length - cached;
  }

  /** The id in the KV cache; only while active. */
  int id() {
    return id;
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

  boolean reachedMaxTokens() {
    return completionLength() >= maxTokens;
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
    id = NO_ID;
    cached = 0;
  }

  void finish() {
    if (state == State.FINISHED) {
      throw new IllegalStateException("finish on a finished sequence");
    }
    state = State.FINISHED;
    id = NO_ID;
  }

  void computed(int count) {
    require(State.ACTIVE, "computed");
    cached += count;
  }

  /** The KV cache holds nothing of this sequence any more. */
  void forgotten() {
    cached = 0;
  }

  void append(int token) {
    require(State.ACTIVE, "append");
    if (length == tokens.length) {
      int wanted = Math.max(64, length + (length >> 1));
      tokens = Arrays.copyOf(tokens, Math.min(wanted, contextLimit));
    }
    tokens[length++] = token;
  }

  /**
   * Whether the reader is so far behind that this sequence sits out. Once it does, it goes on only when half of the
   * mailbox is free, so that a slow reader does not make the batch change at every token.
   */
  boolean sitsOut() {
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
