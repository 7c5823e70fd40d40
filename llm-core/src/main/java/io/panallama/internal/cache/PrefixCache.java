package io.panallama.internal.cache;

import io.panallama.config.SpillConfig;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.StateStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * The sequence ids of the KV cache and what they hold: active sequences, and beginnings that finished ones left behind.
 *
 * <p>A new sequence takes the longest beginning that is there by sharing its cells, which copies nothing. Where the
 * longest one is still being computed by another sequence, it waits for that rather than computing it again: sixteen
 * requests with the same system prompt pay for it once. What finished sequences leave is given up least recently used
 * first, when ids or cells run out, and goes to the {@link ColdStore}, from where it comes back by a copy.
 *
 * <p>Models that can't go back to a beginning share none of this. Theirs are copied to the cold store where they will be
 * of use: at the end of a generation, near the end of a long prompt, and where a prompt parts from a text that was there
 * before, such as after a system prompt.
 *
 * <p>Engine thread only.
 */
public final class PrefixCache implements AutoCloseable {
  /** Sharing less than this is not worth a look at every cell of the cache. */
  private static final int SHORTEST_SHARE = 8;

  /** The copy near the end of a prompt is at a multiple of this, so that it is the same place when the prompt grows. */
  private static final int CHECKPOINT_STRIDE = 256;

  /** One part in so many of the cells may hold what was left before the latest, if it can be copied out. */
  private static final int OLDER_PART = 16;

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

  private final KvMemory memory;
  private final StateStore states;
  private final int sequenceIds;
  private final CacheMeter meter;
  private final @Nullable ColdStore cold;
  private final KvMemory.Rewind rewind;
  private final int retainedLimit;

  /** Half of the cache, which nothing that is kept for later may exceed. */
  private final int retainedCellLimit;

  /**
   * What may be kept besides the latest. Every step looks at all cells up to the highest that is in use, so what is kept for
   * later slows what runs now: sixteen streams of 256 tokens to half, with as much again kept (30M model, Zen 4). Where a copy
   * in memory is cheap, that is the better place.
   */
  private final int olderCellLimit;

  private int retainedCells;
  private final BitSet usedIds = new BitSet();
  private final PrefixTree<PrefixHolder> tree = new PrefixTree<>();

  /** Least recently used first. */
  private final Deque<Retained> retained = new ArrayDeque<>();

  private PrefixCache(Decoder decoder, int slots, CacheMeter meter, @Nullable ColdStore cold) {
    this.memory = decoder.memory();
    this.states = decoder.states();
    this.sequenceIds = decoder.sequenceIds();
    this.meter = meter;
    this.cold = cold;
    this.rewind = memory.rewind();
    this.retainedLimit = memory.sharesPrefixes() ? sequenceIds - slots : 0;
    this.retainedCellLimit = memory.contextSize() / 2;
    boolean copies = cold != null && cold.keepsInMemory() && memory.isOnHost() && rewind == KvMemory.Rewind.ALWAYS;
    this.olderCellLimit = copies ? memory.contextSize() / OLDER_PART : retainedCellLimit;
  }

  /**
   * The cache of a decoder that holds nothing yet.
   *
   * @param slots the most active sequences
   * @param spill where prefixes go that have to leave
   * @param threads makes the thread that reads and writes files
   * @param wake makes the engine thread call {@link #receive} soon; called by that thread
   */
  public static PrefixCache create(
      Decoder decoder, int slots, SpillConfig spill, CacheMeter meter, ThreadFactory threads, Runnable wake) {
    boolean spills = spill.memoryBytes() > 0 || spill.diskBytes() > 0;
    ColdStore cold = spills ? new ColdStore(decoder.memory(), decoder.states(), spill, meter, threads, wake) : null;
    return new PrefixCache(decoder, slots, meter, cold);
  }

  /**
   * Makes the directory to spill to, for its owner alone, if one is configured and not there yet. Any thread.
   *
   * @throws io.panallama.error.EngineStartException if it can't be made
   */
  public static void createFolder(SpillConfig spill) {
    if (spill.diskBytes() > 0) {
      SpillFolder.create(spill.directory().orElseThrow());
    }
  }

  /** Gives a sequence an id, whatever it may share, and a place among those that others can share with. */
  public void admit(Residency sequence) {
    int id = usedIds.nextClearBit(0);
    if (id >= sequenceIds) {
      evictOldest();
      id = usedIds.nextClearBit(0);
    }
    usedIds.set(id);
    sequence.assign(id);
    if (retainedLimit > 0 || cold != null) {
      share(sequence);
    }
  }

  /**
   * Looks again whether a sequence still has to wait for another one's prompt. Allocates nothing unless its wait is over.
   * {@link #settle} must follow once all active sequences have had their turn.
   */
  public void shareAgain(Residency sequence) {
    PrefixHolder awaited = sequence.awaited();
    if (awaited != null && (awaited.cached() >= sequence.awaitedLength() || !awaited.isPrefilling())) {
      leave(sequence);
      share(sequence);
    }
  }

  /** Lets go of the images that were loaded for sequences which have taken them by now. */
  public void settle() {
    if (cold != null) {
      cold.settle();
    }
  }

  /** Takes the longest beginning that can be had now or waits for one that is being computed, and enters the tree. */
  private void share(Residency sequence) {
    find(sequence);
    sequence.entry(
        tree.insert(sequence.text().lineage(), sequence.text().tokens(), sequence.text().length(), sequence));
  }

  private void find(Residency sequence) {
    // The last token is always computed: its logits are wanted.
    int limit = sequence.text().length() - 1;
    Match match = match(sequence, limit);
    ColdStore.Hit hit = cold == null ? null : cold.find(sequence.text().lineage(), sequence.text().tokens(), limit);
    if (hit != null && hit.usable() >= match.usable() + ColdStore.SHORTEST) {
      if (!takeCold(sequence, hit)) {
        // What was found may have been given up to make room for the image.
        match = match(sequence, limit);
        takeHot(sequence, match);
      }
    } else if (!takeHot(sequence, match) && hit != null) {
      takeCold(sequence, hit);
    }
    if (cold != null && rewind != KvMemory.Rewind.ALWAYS) {
      planCheckpoints(sequence, match, cold);
    }
  }

  /**
   * What the KV cache has of a text.
   *
   * @param holder who has it or computes it; null if nobody has what is of use
   * @param length tokens that are the same
   */
  private record Match(@Nullable PrefixHolder holder, int length) {
    int usable() {
      return holder == null ? 0 : isWorthWaiting(holder, length) ? length : Math.min(length, holder.cached());
    }
  }

  private Match match(Residency sequence, int limit) {
    List<PrefixHolder> holders = new ArrayList<>();
    int matched = tree.longest(sequence.text().lineage(), sequence.text().tokens(), limit, holders::add);
    return new Match(matched < SHORTEST_SHARE ? null : best(sequence, holders, matched), matched);
  }

  /** Of those that have what is wanted, the one that has most of it computed; null if none is of use. */
  private @Nullable PrefixHolder best(Residency seeker, List<PrefixHolder> holders, int matched) {
    PrefixHolder best = null;
    for (PrefixHolder candidate : holders) {
      // The state of a model that can't go back is of use only if it is copied when it gets there.
      boolean useful = rewind != KvMemory.Rewind.NEVER || isWorthWaiting(candidate, matched);
      if (useful && (best == null || candidate.cached() > best.cached()) && !waitsFor(candidate, seeker)) {
        best = candidate;
      }
    }
    return best;
  }

  private static boolean isWorthWaiting(PrefixHolder holder, int matched) {
    return holder.cached() < matched && holder.isPrefilling();
  }

  /** Whether waiting for the first one would be waiting for oneself, directly or through others. */
  private static boolean waitsFor(PrefixHolder candidate, Residency seeker) {
    PrefixHolder next = candidate;
    while (next != null && next != seeker) {
      next = next instanceof Residency resident ? resident.awaited() : null;
    }
    return next == seeker;
  }

  /** Shares the cells of a holder, or waits for them; false if they can't be had. */
  private boolean takeHot(Residency sequence, Match match) {
    PrefixHolder holder = match.holder();
    if (holder == null) {
      return false;
    }
    if (isWorthWaiting(holder, match.length())) {
      sequence.await(holder, match.length());
      return true;
    }
    int length = match.usable();
    boolean taken =
        length >= SHORTEST_SHARE && length > sequence.cached() && memory.share(holder.id(), sequence.id(), length);
    if (taken) {
      sequence.shared(length);
      meter.cached(sequence.sharedLength());
    }
    if (holder instanceof Retained used) {
      retained.remove(used);
      retained.addLast(used);
    }
    return taken;
  }

  /** Copies an image into the sequence, or waits until it is read from its file; false if it can't be had. */
  private boolean takeCold(Residency sequence, ColdStore.Hit hit) {
    ColdStore store = cold;
    if (store == null) {
      return false;
    }
    ColdPrefix prefix = hit.prefix();
    StateImage image = prefix.image();
    if (image == null) {
      store.load(prefix);
      if (prefix.isLoading()) {
        sequence.await(prefix, hit.usable());
      }
      return prefix.isLoading();
    }
    store.restoring(prefix);
    boolean restored =
        states.restore(image, sequence.id()) || evictCells(prefix.length()) && states.restore(image, sequence.id());
    if (!restored) {
      // Where nothing else is in the cache there was room for it.
      store.notRestored(prefix, usedIds.cardinality() == 1);
      return false;
    }
    store.restored(prefix);
    if (hit.usable() < prefix.length() && !memory.removeFrom(sequence.id(), hit.usable())) {
      memory.remove(sequence.id());
      return false;
    }
    sequence.restored(hit.usable());
    meter.cached(sequence.sharedLength());
    return true;
  }

  /** Gives up so many cells, or as many as there are; false if there are none. */
  private boolean evictCells(int wanted) {
    int before = retainedCells;
    while (before - retainedCells < wanted && evictOldest()) {
      continue;
    }
    return retainedCells < before;
  }

  /** Where a copy of the state will be of use to those who come later, or wait already. */
  private void planCheckpoints(Residency sequence, Match match, ColdStore store) {
    int matched = match.length();
    int limit = Math.min(sequence.text().promptLength(), sequence.text().length()) - 1;
    int parting =
        Math.min(limit, Math.max(matched, store.common(sequence.text().lineage(), sequence.text().tokens(), limit)));
    if (parting >= ColdStore.SHORTEST && parting > sequence.cached()) {
      sequence.checkpoints().add(parting);
    }
    int tail = limit / CHECKPOINT_STRIDE * CHECKPOINT_STRIDE;
    if (tail >= sequence.cached() + ColdStore.SHORTEST) {
      sequence.checkpoints().add(tail);
    }
    if (match.holder() instanceof Residency other && other == sequence.awaited() && matched >= ColdStore.SHORTEST) {
      other.checkpoints().add(matched);
    }
  }

  /** The KV cache lost all of an active sequence: finds again what it can have. */
  public void lost(Residency sequence) {
    if (retainedLimit > 0 || cold != null) {
      leave(sequence);
      share(sequence);
    }
  }

  /** A step computed tokens of a prompt. Allocates nothing unless a copy is wanted here. */
  public void computed(Residency sequence) {
    if (cold != null && sequence.checkpoints().isAt(sequence.cached())) {
      cold.offer(sequence.text().lineage(), sequence.text().tokens(), sequence.cached(), sequence.id());
    }
  }

  /** An active sequence has lost the tokens behind the first {@code kept}, and goes on with others in their place. */
  public void shifted(Residency sequence, int kept) {
    leave(sequence);
    if (sequence.cached() > kept && !memory.removeFrom(sequence.id(), kept)) {
      memory.remove(sequence.id());
      sequence.lost();
    }
    sequence.truncated(kept);
    sequence.checkpoints().clear();
    if (retainedLimit > 0) {
      sequence.entry(
          tree.insert(sequence.text().lineage(), sequence.text().tokens(), sequence.text().length(), sequence));
    }
  }

  /** An active sequence ends; what it computed stays, if it is of use to anybody. Its id is given up. */
  public void retire(Residency sequence) {
    leave(sequence);
    keep(sequence.id(), sequence.text().lineage(), sequence.text().tokens(), sequence.cached());
    sequence.vacated();
  }

  private void keep(int id, Lineage lineage, int[] tokens, int length) {
    if (isCovered(lineage, tokens, length)) {
      free(id);
      return;
    }
    if (retainedLimit == 0 || length < SHORTEST_SHARE || length > retainedCellLimit) {
      if (cold != null) {
        cold.offer(lineage, tokens, length, id);
      }
      free(id);
      return;
    }
    for (PrefixTree.Entry<PrefixHolder> shorter : tree.beginnings(lineage, tokens, length)) {
      if (shorter.holder() instanceof Retained covered) {
        forget(covered);
      }
    }
    makeRetainedRoom(length);
    retain(id, lineage, tokens, length);
  }

  private void makeRetainedRoom(int length) {
    while (retained.size() >= retainedLimit
        || retainedCells > olderCellLimit
        || retainedCells + length > retainedCellLimit) {
      evictOldest();
    }
  }

  private void retain(int id, Lineage lineage, int[] tokens, int length) {
    Retained left = new Retained(id, length);
    left.entry = tree.insert(lineage, tokens, length, left);
    retained.addLast(left);
    retainedCells += length;
  }

  /** Takes in the state of a text from elsewhere, into the KV cache if there is room, else into the cold store. */
  public void adopt(Lineage lineage, int[] tokens, StateImage image) {
    if (isCovered(lineage, tokens, tokens.length)
        || restoreRetained(lineage, tokens, image)
        || cold == null
        || !cold.put(lineage, tokens, image)) {
      image.close();
    }
  }

  private boolean restoreRetained(Lineage lineage, int[] tokens, StateImage image) {
    int length = tokens.length;
    if (retainedLimit == 0 || length < SHORTEST_SHARE || length > retainedCellLimit) {
      return false;
    }
    makeRetainedRoom(length);
    int id = usedIds.nextClearBit(0);
    if (id >= sequenceIds || !states.restore(image, id)) {
      return false;
    }
    usedIds.set(id);
    retain(id, lineage, tokens, length);
    return true;
  }

  /** An active sequence makes room for the others; when it comes back it may find a copy of what it had. */
  public void preempt(Residency sequence) {
    leave(sequence);
    if (cold != null) {
      cold.offer(sequence.text().lineage(), sequence.text().tokens(), sequence.cached(), sequence.id());
    }
    free(sequence.id());
    sequence.vacated();
  }

  /** An active sequence ends by a fault, and nothing of it may stay. */
  public void release(Residency sequence) {
    leave(sequence);
    free(sequence.id());
    sequence.vacated();
  }

  private void leave(Residency sequence) {
    PrefixTree.Entry<PrefixHolder> entry = sequence.entry();
    if (entry != null) {
      tree.remove(entry);
      sequence.entry(null);
    }
    sequence.await(null, 0);
  }

  /** Whether another finished sequence left all of this and maybe more. */
  private boolean isCovered(Lineage lineage, int[] tokens, int length) {
    List<PrefixHolder> holders = new ArrayList<>();
    int matched = tree.longest(lineage, tokens, length, holders::add);
    return matched == length && holders.stream().anyMatch(holder -> holder instanceof Retained);
  }

  /** Gives up what was used least recently; false if there is nothing to give up. */
  public boolean evictOldest() {
    Retained oldest = retained.peekFirst();
    if (oldest == null) {
      return false;
    }
    if (cold != null && oldest.entry != null) {
      cold.offer(tree.lineage(oldest.entry), tree.tokens(oldest.entry), oldest.length, oldest.id);
    }
    forget(oldest);
    return true;
  }

  private void forget(Retained left) {
    retained.remove(left);
    retainedCells -= left.length;
    if (left.entry != null) {
      tree.remove(left.entry);
    }
    free(left.id);
  }

  private void free(int id) {
    memory.remove(id);
    usedIds.clear(id);
  }

  /** Takes in what was read from the disk tier or written to it. Allocates nothing if that is nothing. */
  public void receive() {
    if (cold != null) {
      cold.receive();
    }
  }

  /** Whether {@link #receive} has something to do. */
  public boolean hasReports() {
    return cold != null && cold.hasReports();
  }

  /**
   * At the end of the engine: has what finished sequences left and what is in memory written to the disk tier, what was
   * used last first, as much as {@link ColdStore#FLUSH_LIMIT} allows.
   */
  public void flush() {
    ColdStore store = cold;
    if (store == null || !store.outlivesEngine()) {
      return;
    }
    long deadline = System.nanoTime() + ColdStore.FLUSH_LIMIT.toNanos();
    store.end(deadline);
    for (Retained left : List.copyOf(retained).reversed()) {
      if (left.entry != null && System.nanoTime() - deadline < 0) {
        Lineage lineage = tree.lineage(left.entry);
        int[] tokens = tree.tokens(left.entry);
        while (!store.offer(lineage, tokens, left.length, left.id) && store.awaitReport(deadline)) {
          continue;
        }
      }
    }
    store.writeRest();
  }

  /** Ends the cold store; what the KV cache holds goes with its decoder. */
  @Override
  public void close() {
    if (cold != null) {
      cold.close();
    }
  }
}
