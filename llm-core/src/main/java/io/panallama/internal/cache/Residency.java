package io.panallama.internal.cache;

import org.jspecify.annotations.Nullable;

/**
 * What the KV cache holds of one sequence: its id there, how many of its tokens are computed or shared, and whom it waits
 * for. Empty until {@link PrefixCache#admit}, and again once the sequence was preempted or has ended.
 *
 * <p>Engine thread only.
 */
public final class Residency implements PrefixHolder {
  private static final int NO_ID = -1;

  private final CachedText text;
  private final Checkpoints checkpoints = new Checkpoints();
  private int id = NO_ID;
  private int cached;
  private int shared;
  private int borrowed;
  private PrefixTree.@Nullable Entry<PrefixHolder> entry;
  private @Nullable PrefixHolder awaited;
  private int awaitedLength;

  public Residency(CachedText text) {
    this.text = text;
  }

  CachedText text() {
    return text;
  }

  /** The id in the KV cache; -1 while it has none. */
  @Override
  public int id() {
    return id;
  }

  @Override
  public int cached() {
    return cached;
  }

  @Override
  public boolean isPrefilling() {
    return text.isPrefilling();
  }

  /** Prompt tokens that were in the KV cache or restored to it, and were not computed again. */
  public int sharedLength() {
    return shared;
  }

  /** Tokens whose cells belong to another sequence too. */
  public int borrowedLength() {
    return borrowed;
  }

  /** How many tokens the next chunk can have, at most {@code most}: it must end where a copy of the state is wanted. */
  public int chunkLimit(int most) {
    return checkpoints.distance(cached, most);
  }

  /** Whether the sequence waits for a prefix that another one computes, or that is being read from its file. */
  public boolean isWaiting() {
    return awaited != null;
  }

  /** The next {@code count} tokens were computed. */
  public void computed(int count) {
    requireId("computed");
    cached += count;
  }

  /** The KV cache has lost everything of this sequence; its id stays. */
  public void lost() {
    cached = 0;
    shared = 0;
    borrowed = 0;
  }

  void assign(int newId) {
    if (id != NO_ID) {
      throw new IllegalStateException("assign on a sequence that has the id " + id);
    }
    id = newId;
  }

  /** The id was given up, and with it everything that the KV cache held. */
  void vacated() {
    id = NO_ID;
    lost();
  }

  /** The first {@code length} tokens are in the KV cache because it shares another sequence's cells. */
  void shared(int length) {
    restored(length);
    borrowed = length;
  }

  /** The first {@code length} tokens are in the KV cache in cells of its own, by a copy. */
  void restored(int length) {
    requireId("restored");
    cached = length;
    shared = Math.min(length, text.promptLength());
  }

  /** The KV cache holds no more than the first {@code count} tokens. */
  void truncated(int count) {
    cached = Math.min(cached, count);
    borrowed = Math.min(borrowed, count);
  }

  private void requireId(String operation) {
    if (id == NO_ID) {
      throw new IllegalStateException(operation + " on a sequence that is not in the KV cache");
    }
  }

  /** Where copies of the state are wanted while the prompt is computed. */
  Checkpoints checkpoints() {
    return checkpoints;
  }

  /** Its place in the tree of prefixes, while it has an id. */
  PrefixTree.@Nullable Entry<PrefixHolder> entry() {
    return entry;
  }

  void entry(PrefixTree.@Nullable Entry<PrefixHolder> value) {
    entry = value;
  }

  /** Whose prefix it waits for instead of computing the same; null if it does not wait. */
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
}
