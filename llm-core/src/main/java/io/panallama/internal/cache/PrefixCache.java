package io.panallama.internal.cache;

import io.panallama.config.SpillConfig;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.flight.CacheFlight;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Shares prefixes between sequences: those of active and finished sequences in the KV cache, and those that the
 * {@link ColdStore} holds in memory and on disk.
 *
 * <p>An admitted sequence takes the longest cached prefix of its text by sharing its cells, which copies nothing. If
 * another sequence is still computing the longest one, the new sequence waits for it instead of computing it again:
 * sixteen requests with the same system prompt pay for it once. The prefix of a finished sequence is retained until ids
 * or cells run out; then the least recently used prefix is evicted to the cold store, from which a copy restores it.
 *
 * <p>Models that can't rewind share no cells. Copies of their states go to the cold store at the positions where they
 * will be useful: at the end of a generation, near the end of a long prompt, and where a prompt departs from an earlier
 * text, such as after a system prompt.
 *
 * <p>Engine thread only.
 */
public final class PrefixCache implements AutoCloseable {
  /**
   * The checkpoint near the end of a prompt lies at a multiple of this, so that its position is stable as the prompt
   * grows.
   */
  private static final int CHECKPOINT_STRIDE = 256;

  private final KvMemory memory;
  private final StateStore states;
  private final CacheMeter meter;
  private final @Nullable ColdStore cold;
  private final KvMemory.Rewind rewind;
  private final PrefixTree<PrefixHolder> tree = new PrefixTree<>();
  private final RetainedPrefixes retained;

  private PrefixCache(Decoder decoder, int slots, CacheMeter meter, @Nullable ColdStore cold) {
    this.memory = decoder.memory();
    this.states = decoder.states();
    this.meter = meter;
    this.cold = cold;
    this.rewind = memory.rewind();
    this.retained = new RetainedPrefixes(decoder, slots, tree, cold);
  }

  /**
   * The cache of a decoder that holds nothing yet.
   *
   * @param slots the maximum number of active sequences
   * @param spill where evicted prefixes go
   * @param key signs the files
   * @param threads creates the thread that reads and writes files
   * @param wake makes the engine thread call {@link #receive} soon; called by the file thread
   */
  public static PrefixCache create(
      Decoder decoder,
      int slots,
      SpillConfig spill,
      ImageKey key,
      CacheMeter meter,
      ThreadFactory threads,
      Runnable wake) {
    boolean spills = spill.memoryBytes() > 0 || spill.diskBytes() > 0;
    ColdStore cold =
        spills ? new ColdStore(decoder.memory(), decoder.states(), spill, key, meter, threads, wake) : null;
    return new PrefixCache(decoder, slots, meter, cold);
  }

  /**
   * Creates the spill directory, accessible to its owner only, if one is configured and does not exist yet. Any thread.
   *
   * @param key signs the files there
   * @throws io.panallama.error.EngineStartException if it can't be created, or there is no key
   */
  public static void createFolder(SpillConfig spill, ImageKey key) {
    if (spill.diskBytes() > 0) {
      SpillFolder.requireKey(key);
      SpillFolder.create(spill.directory().orElseThrow());
    }
  }

  /**
   * Assigns an id to a sequence, shares the longest available prefix with it, and makes its own prefix available to
   * others.
   */
  public void admit(Residency sequence) {
    if (memory.isUnified()) {
      sequence.assign(retained.takeId());
    } else if (continuesInPlace(sequence)) {
      return;
    }
    if (isSharing()) {
      share(sequence);
    }
  }

  /**
   * Assigns an id in a split memory. If it is that of a retained prefix, which the sequence continues, nothing is
   * copied.
   *
   * @return whether the sequence has its prefix and is entered in the tree
   */
  private boolean continuesInPlace(Residency sequence) {
    int limit = sequence.text().reusableLength();
    Match match = isSharing() ? match(sequence, limit) : new Match(null, 0);
    int usable = match.usable();
    boolean isOwn =
        rewind == KvMemory.Rewind.ALWAYS
            && usable >= RetainedPrefixes.SHORTEST
            && !isColdBetter(sequence, limit, usable);
    RetainedPrefixes.Retained own = isOwn && match.holder() instanceof RetainedPrefixes.Retained held ? held : null;
    int id = retained.closeId(own);
    if (own == null || own.id() != id) {
      retained.takeId(id);
      sequence.assign(id);
      return false;
    }
    retained.takeOver(own, usable);
    sequence.assign(id);
    if (usable < own.cached() && !memory.removeFrom(id, usable)) {
      memory.remove(id);
      return false;
    }
    sequence.restored(usable);
    meter.cached(sequence.sharedLength());
    enter(sequence);
    return true;
  }

  private boolean isColdBetter(Residency sequence, int limit, int usable) {
    ColdStore.Hit hit = findCold(sequence, limit);
    return hit != null && hit.usable() >= usable + ColdStore.SHORTEST;
  }

  private ColdStore.@Nullable Hit findCold(Residency sequence, int limit) {
    return cold == null ? null : cold.find(sequence.text().lineage(), sequence.text().tokens(), limit);
  }

  private void enter(Residency sequence) {
    sequence.entry(
        tree.insert(sequence.text().lineage(), sequence.text().tokens(), sequence.text().length(), sequence));
  }

  private boolean isSharing() {
    return retained.isEnabled() || cold != null;
  }

  /**
   * Ends the wait of a sequence once the prefix it waits for is available. Allocates nothing otherwise. {@link #settle}
   * must follow once all active sequences have had their turn.
   */
  public void shareAgain(Residency sequence) {
    PrefixHolder awaited = sequence.awaited();
    if (awaited != null && (awaited.cached() >= sequence.awaitedLength() || !awaited.isPrefilling())) {
      leave(sequence);
      share(sequence);
    }
  }

  /** Releases the images that were loaded from files for sequences that have restored them by now. */
  public void settle() {
    if (cold != null) {
      cold.settle();
    }
  }

  /**
   * Shares the longest available prefix, or waits for one that is being computed, and enters the sequence in the tree.
   */
  private void share(Residency sequence) {
    find(sequence);
    enter(sequence);
  }

  private void find(Residency sequence) {
    int limit = sequence.text().reusableLength();
    Match match = match(sequence, limit);
    ColdStore.Hit hit = findCold(sequence, limit);
    if (hit != null && hit.usable() >= match.usable() + ColdStore.SHORTEST) {
      if (!takeCold(sequence, hit)) {
        // The prefix that was found may have been evicted to make room for the image.
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
   * The longest prefix of a text in the KV cache.
   *
   * @param holder has the cells of the prefix or is computing them; null if no holder can be shared with
   * @param length number of matching tokens
   */
  private record Match(@Nullable PrefixHolder holder, int length) {
    int usable() {
      return holder == null ? 0 : isWorthWaiting(holder, length) ? length : Math.min(length, holder.cached());
    }
  }

  private Match match(Residency sequence, int limit) {
    List<PrefixHolder> holders = new ArrayList<>();
    int matched = tree.longest(sequence.text().lineage(), sequence.text().tokens(), limit, holders::add);
    return new Match(matched < RetainedPrefixes.SHORTEST ? null : best(sequence, holders, matched), matched);
  }

  /** The holder that has computed the most of the match; null if none can be shared with. */
  private @Nullable PrefixHolder best(Residency seeker, List<PrefixHolder> holders, int matched) {
    PrefixHolder best = null;
    for (PrefixHolder candidate : holders) {
      // A model that can't rewind has the state of this prefix only at the moment it has computed exactly that: it must
      // be copied then.
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

  /**
   * Whether the candidate waits for the seeker, directly or through others, so that waiting for it would be a deadlock.
   */
  private static boolean waitsFor(PrefixHolder candidate, Residency seeker) {
    PrefixHolder next = candidate;
    while (next != null && next != seeker) {
      next = next instanceof Residency resident ? resident.awaited() : null;
    }
    return next == seeker;
  }

  /** Shares the cells of a holder, or waits for them; returns false if they can't be shared. */
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
        length >= RetainedPrefixes.SHORTEST
            && length > sequence.cached()
            && memory.share(holder.id(), sequence.id(), length);
    if (taken) {
      if (memory.isUnified()) {
        sequence.shared(length);
      } else {
        sequence.restored(length);
      }
      meter.cached(sequence.sharedLength());
    }
    if (holder instanceof RetainedPrefixes.Retained used) {
      retained.used(used);
    }
    return taken;
  }

  /** Restores an image into the sequence, or waits until its file is read; returns false if neither works. */
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
    CacheFlight flight = CacheFlight.restore();
    boolean restored =
        states.restore(image, sequence.id())
            || memory.isUnified() && retained.evictCells(prefix.length()) && states.restore(image, sequence.id());
    if (!restored) {
      // If no other sequence has cells, lack of room was not the reason, and the image will never fit.
      store.notRestored(prefix, !memory.isUnified() || retained.hasOneId());
      return false;
    }
    CacheFlight.copied(flight, CacheFlight.MEMORY, prefix.length(), prefix.bytes());
    boolean fromDisk = store.hasArrived(prefix);
    store.restored(prefix);
    if (hit.usable() < prefix.length() && !memory.removeFrom(sequence.id(), hit.usable())) {
      memory.remove(sequence.id());
      return false;
    }
    sequence.restored(hit.usable());
    meter.cached(sequence.sharedLength());
    meter.restoredTokens(sequence.sharedLength(), fromDisk);
    return true;
  }

  /** Adds checkpoints where a copy of the state will serve later sequences or those already waiting. */
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

  /** The KV cache lost the whole state of an active sequence, which looks for a prefix to share again. */
  public void lost(Residency sequence) {
    if (isSharing()) {
      leave(sequence);
      share(sequence);
    }
  }

  /** A step has computed prompt tokens of a sequence. Allocates nothing unless it reached a checkpoint. */
  public void computed(Residency sequence) {
    if (cold != null && sequence.checkpoints().isAt(sequence.cached())) {
      cold.offer(sequence.text().lineage(), sequence.text().tokens(), sequence.cached(), sequence.id());
    }
  }

  /** An active sequence keeps its first {@code kept} tokens and continues with others behind them. */
  public void shifted(Residency sequence, int kept) {
    leave(sequence);
    if (sequence.cached() > kept && !memory.removeFrom(sequence.id(), kept)) {
      memory.remove(sequence.id());
      sequence.lost();
    }
    sequence.truncated(kept);
    sequence.checkpoints().clear();
    if (retained.isEnabled()) {
      enter(sequence);
    }
  }

  /** Ends an active sequence: retains its computed tokens if they can be of use, and releases its id. */
  public void retire(Residency sequence) {
    leave(sequence);
    retained.keep(sequence.id(), sequence.text().lineage(), sequence.text().tokens(), sequence.cached());
    sequence.vacated();
  }

  /**
   * Adopts a state that was read from a file: retains it in the KV cache if there is room, otherwise keeps it in the
   * cold store.
   *
   * @param image owned by the cache from now on
   */
  public void adopt(Lineage lineage, int[] tokens, StateImage image) {
    boolean isKept =
        !retained.covers(lineage, tokens, tokens.length)
            && !retained.restore(lineage, tokens, image)
            && cold != null
            && cold.put(lineage, tokens, image);
    if (!isKept) {
      image.close();
    }
  }

  /** Preempts an active sequence and releases its id; the cold store may keep a copy until it is admitted again. */
  public void preempt(Residency sequence) {
    CacheFlight flight = CacheFlight.evict();
    int taken = sequence.cached();
    leave(sequence);
    if (cold != null) {
      cold.offer(sequence.text().lineage(), sequence.text().tokens(), sequence.cached(), sequence.id());
    }
    retained.free(sequence.id());
    sequence.vacated();
    CacheFlight.evicted(flight, CacheFlight.PREEMPTION, taken);
  }

  /**
   * Takes the id of an active sequence whose reader does not read. Its cells stay as a retained prefix while there is
   * room, then go to the cold store; it shares or restores them when it is admitted again.
   */
  public void suspend(Residency sequence) {
    CacheFlight flight = CacheFlight.evict();
    int taken = sequence.cached();
    retire(sequence);
    CacheFlight.evicted(flight, CacheFlight.SUSPENSION, taken);
  }

  /** Ends an active sequence after a failure: nothing of it is kept and its id is released. */
  public void release(Residency sequence) {
    leave(sequence);
    retained.free(sequence.id());
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

  /** The number of cells that a retained prefix has under this id; 0 if there is none. Allocates nothing. */
  public int retainedLength(int id) {
    return retained.retainedLength(id);
  }

  /** The number of cells of all retained prefixes. Allocates nothing. */
  public int retainedCells() {
    return retained.cells();
  }

  /** Evicts the least recently used retained prefix; returns false if there is none. */
  public boolean evictOldest() {
    return retained.evictOldest();
  }

  /** Processes the reports of the disk tier. Allocates nothing if there are none. */
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
   * Called as the engine ends: writes retained prefixes and those in memory to the disk tier, most recently used first,
   * for as long as {@link ColdStore#FLUSH_LIMIT} allows.
   */
  public void flush() {
    ColdStore store = cold;
    if (store == null || !store.outlivesEngine()) {
      return;
    }
    long deadline = System.nanoTime() + ColdStore.FLUSH_LIMIT.toNanos();
    store.end(deadline);
    retained.offerAll(store, deadline);
    store.writeRest();
  }

  /** Closes the cold store. The contents of the KV cache are freed with its decoder. */
  @Override
  public void close() {
    if (cold != null) {
      cold.close();
    }
  }
}
