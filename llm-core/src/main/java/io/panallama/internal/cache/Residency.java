package io.panallama.internal.cache;

import org.jspecify.annotations.Nullable;

/**
 * What the KV cache holds of one sequence: its id there, how many of its tokens are computed or shared, and which prefix it waits for. Empty until {@link PrefixCache#admit}, and again once the sequence was preempted or has ended.
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

  /** Its sequence id in the KV cache; -1 while it has none. */
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

  /** The number of prompt tokens that were in the KV cache or restored to it, and were not computed again. */
  public int sharedLength() {
    return shared;
  }

  /** The number of tokens whose cells also belong to another sequence. */
  public int borrowedLength() {
    return borrowed;
  }

  /** How many tokens, at most {@code most}, the next chunk can have: it must end where a copy of the state is needed. */
  public int chunkLimit(int most) {
    return checkpoints.distance(cached, most);
  }

  /** Whether the sequence waits for a prefix that another sequence is computing or that is being read from a file. */
  public boolean isWaiting() {
    return awaited != null;
  }

  /** Records that the next {@code count} tokens were computed. */
  public void computed(int count) {
    requireId("computed");
    cached += count;
  }

  /** Records that the KV cache has lost the whole state of this sequence; its id stays. */
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

  /** Records that the id was released, and with it everything the KV cache held for it. */
  void vacated() {
    id = NO_ID;
    lost();
  }

  /** Records that the first {@code length} tokens share another sequence's cells. */
  void shared(int length) {
    restored(length);
    borrowed = length;
  }

  /** Records that the first {@code length} tokens were restored by a copy into cells of their own. */
  void restored(int length) {
    requireId("restored");
    cached = length;
    shared = Math.min(length, text.promptLength());
  }

  /** Records that the KV cache holds no more than the first {@code count} tokens. */
  void truncated(int count) {
    cached = Math.min(cached, count);
    borrowed = Math.min(borrowed, count);
  }

  private void requireId(String operation) {
    if (id == NO_ID) {
      throw new IllegalStateException(operation + " on a sequence that is not in the KV cache");
    }
  }

  /** The positions at which the state must be copied while the prompt is computed. */
  Checkpoints checkpoints() {
    return checkpoints;
  }

  /** Its entry in the prefix tree, while it has an id. */
  PrefixTree.@Nullable Entry<PrefixHolder> entry() {
    return entry;
  }

  void entry(PrefixTree.@Nullable Entry<PrefixHolder> value) {
    entry = value;
  }

  /** The holder whose prefix it waits for instead of computing the same; null if it does not wait. */
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
