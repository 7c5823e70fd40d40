package io.panallama.internal.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sequence ids of the KV cache and what they hold: active sequences, and beginnings that finished ones left behind.
 *
 * <p>A new sequence takes the longest beginning that is there by sharing its cells, which copies nothing. Where the
 * longest one is still being computed by another sequence, it waits for that rather than computing it again: sixteen
 * requests with the same system prompt pay for it once. What finished sequences leave is given up least recently used
 * first, when ids or cells run out.
 *
 * <p>Engine thread only.
 */
final class PrefixCache {
  /** Sharing less than this is not worth a look at every cell of the cache. */
  private static final int SHORTEST_SHARE = 8;

  /** What a finished sequence left. */
  private static final class Retained implements PrefixHolder {
    private final int id;
    private final int length;
    private PrefixTree.@Nullable Entry<PrefixHolder> entry;

    Retained(int id, int length) {
      this.id = id;
      this.length = length;
    }

    @Override
    public int id() {
      return id;
    }

    @Override
    public int cached() {
      return length;
    }

    @Override
    public boolean isPrefilling() {
      return false;
    }
  }

  private final Decoder decoder;
  private final int retainedLimit;

  /**
   * Half of the cache. Every step looks at all cells up to the highest that is in use, so what is kept for later slows what
   * runs now (by a third with a full cache of the demo model).
   */
  private final int retainedCellLimit;

  private int retainedCells;
  private final BitSet usedIds = new BitSet();
  private final PrefixTree<PrefixHolder> tree = new PrefixTree<>();

  /** Least recently used first. */
  private final Deque<Retained> retained = new ArrayDeque<>();

  PrefixCache(Decoder decoder, int slots) {
    this.decoder = decoder;
    this.retainedLimit = decoder.sharesPrefixes() ? decoder.sequenceIds() - slots : 0;
    this.retainedCellLimit = decoder.contextSize() / 2;
  }

  /** Gives a sequence an id, whatever it may share, and a place among those that others can share with. */
  void admit(Sequence sequence) {
    int id = usedIds.nextClearBit(0);
    if (id >= decoder.sequenceIds()) {
      giveUpOldest();
      id = usedIds.nextClearBit(0);
    }
    usedIds.set(id);
    sequence.activate(id);
    if (retainedLimit > 0) {
      share(sequence);
    }
  }

  /** Looks again for sequences that wait for another one's prompt. Allocates nothing while nobody waits. */
  void shareAgain(List<Sequence> active) {
    for (int i = 0; i < active.size(); i++) {
      Sequence sequence = active.get(i);
      PrefixHolder awaited = sequence.awaited();
      if (awaited != null && (awaited.cached() >= sequence.awaitedLength() || !awaited.isPrefilling())) {
        leave(sequence);
        share(sequence);
      }
    }
  }

  /** Takes the longest beginning that can be had now or waits for one that is being computed, and enters the tree. */
  private void share(Sequence sequence) {
    find(sequence);
    sequence.entry(tree.insert(sequence.tokens(), sequence.length(), sequence));
  }

  private void find(Sequence sequence) {
    // The last token is always computed: its logits are wanted.
    int limit = sequence.length() - 1;
    Best best = new Best(sequence);
    int matched = tree.longest(sequence.tokens(), limit, best::consider);
    PrefixHolder holder = best.holder;
    if (holder == null || matched < SHORTEST_SHARE) {
      return;
    }
    if (holder.cached() < matched && holder.isPrefilling()) {
      sequence.await(holder, matched);
      return;
    }
    int length = Math.min(matched, holder.cached());
    if (length >= SHORTEST_SHARE && length > sequence.cached() && decoder.share(holder.id(), sequence.id(), length)) {
      sequence.shared(length);
    }
    if (holder instanceof Retained used) {
      retained.remove(used);
      retained.addLast(used);
    }
  }

  /** Of those that have what is wanted, the one that has most of it computed. */
  private static final class Best {
    private final Sequence seeker;
    private @Nullable PrefixHolder holder;

    Best(Sequence seeker) {
      this.seeker = seeker;
    }

    void consider(PrefixHolder candidate) {
      boolean better = holder == null || candidate.cached() > holder.cached();
      if (better && !waitsForSeeker(candidate)) {
        holder = candidate;
      }
    }

    /** Whether waiting for this one would be waiting for oneself, directly or through others. */
    private boolean waitsForSeeker(PrefixHolder candidate) {
      PrefixHolder next = candidate;
      while (next != null && next != seeker) {
        next = next instanceof Sequence sequence ? sequence.awaited() : null;
      }
      return next == seeker;
    }
  }

  /** An active sequence has lost the tokens behind the first {@code kept}, and goes on with others in their place. */
  void shifted(Sequence sequence, int kept) {
    leave(sequence);
    if (sequence.cached() > kept && !decoder.removeFrom(sequence.id(), kept)) {
      decoder.remove(sequence.id());
      sequence.forgotten();
    }
    sequence.truncated(kept);
    if (retainedLimit > 0) {
      sequence.entry(tree.insert(sequence.tokens(), sequence.length(), sequence));
    }
  }

  /** An active sequence ends; what it computed stays, if it is of use to anybody. */
  void retire(Sequence sequence) {
    leave(sequence);
    int id = sequence.id();
    int length = sequence.cached();
    boolean keeps = retainedLimit > 0 && length >= SHORTEST_SHARE && length <= retainedCellLimit;
    if (!keeps || isCovered(sequence.tokens(), length)) {
      free(id);
      return;
    }
    for (PrefixTree.Entry<PrefixHolder> shorter : tree.beginnings(sequence.tokens(), length)) {
      if (shorter.holder() instanceof Retained covered) {
        giveUp(covered);
      }
    }
    while (retained.size() >= retainedLimit || retainedCells + length > retainedCellLimit) {
      giveUpOldest();
    }
    Retained left = new Retained(id, length);
    left.entry = tree.insert(sequence.tokens(), length, left);
    retained.addLast(left);
    retainedCells += length;
  }

  /** An active sequence ends or is pushed out, and nothing of it may stay. */
  void release(Sequence sequence) {
    leave(sequence);
    free(sequence.id());
  }

  private void leave(Sequence sequence) {
    PrefixTree.Entry<PrefixHolder> entry = sequence.entry();
    if (entry != null) {
      tree.remove(entry);
      sequence.entry(null);
    }
    sequence.await(null, 0);
  }

  /** Whether another finished sequence left all of this and maybe more. */
  private boolean isCovered(int[] tokens, int length) {
    List<PrefixHolder> holders = new ArrayList<>();
    int matched = tree.longest(tokens, length, holders::add);
    return matched == length && holders.stream().anyMatch(holder -> holder instanceof Retained);
  }

  /** Gives up what was used least recently; false if there is nothing to give up. */
  boolean giveUpOldest() {
    Retained oldest = retained.peekFirst();
    if (oldest == null) {
      return false;
    }
    giveUp(oldest);
    return true;
  }

  private void giveUp(Retained left) {
    retained.remove(left);
    retainedCells -= left.length;
    if (left.entry != null) {
      tree.remove(left.entry);
    }
    free(left.id);
  }

  private void free(int id) {
    decoder.remove(id);
    usedIds.clear(id);
  }
}
