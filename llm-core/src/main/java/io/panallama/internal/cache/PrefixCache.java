package io.panallama.internal.cache;

import io.panallama.config.SpillConfig;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.StateStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Shares prefixes between sequences: what the KV cache holds of active and finished sequences, and what the {@link ColdStore}
 * holds in memory and on disk.
 *
 * <p>An admitted sequence takes the longest prefix of its text that is there by sharing its cells, which copies nothing. If the
 * longest one is still being computed by another sequence, it waits for that instead of computing it again: sixteen requests
 * with the same system prompt pay for it once. What a finished sequence leaves is retained until ids or cells run out; then the
 * least recently used prefix is evicted to the cold store, from where a copy brings it back.
 *
 * <p>Models that can't rewind share no cells. Copies of their states go to the cold store where they will be useful: at the end
 * of a generation, near the end of a long prompt, and where a prompt departs from an earlier text, such as after a system
 * prompt.
 *
 * <p>Engine thread only.
 */
public final class PrefixCache implements AutoCloseable {
  /** The checkpoint near the end of a prompt is at a multiple of this, so that it stays in place as the prompt grows. */
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
   * @param slots the most active sequences
   * @param spill where evicted prefixes go
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

  /** Gives a sequence an id and the longest prefix it can share, and lets others share with it. */
  public void admit(Residency sequence) {
    sequence.assign(retained.takeId());
    if (isSharing()) {
      share(sequence);
    }
  }

  private boolean isSharing() {
    return retained.isEnabled() || cold != null;
  }

  /**
   * Ends the wait of a sequence once the prefix it waits for is there. Allocates nothing otherwise.
   * {@link #settle} must follow once all active sequences have had their turn.
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

  /** Shares the longest prefix that is there, or waits for one that is being computed, and enters the tree. */
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
   * The longest prefix of a text that the KV cache has.
   *
   * @param holder has its cells or computes them; null if no holder can be shared with
   * @param length tokens that match
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
      // A model that can't rewind has the state of this prefix only while it is there: it must be copied at that
      // moment.
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

  /** Whether the candidate waits for the seeker, directly or through others, so that waiting for it would never end. */
  private static boolean waitsFor(PrefixHolder candidate, Residency seeker) {
    PrefixHolder next = candidate;
    while (next != null && next != seeker) {
      next = next instanceof Residency resident ? resident.awaited() : null;
    }
    return next == seeker;
  }

  /** Shares the cells of a holder, or waits for them; false if they can't be shared. */
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
      sequence.shared(length);
      meter.cached(sequence.sharedLength());
    }
    if (holder instanceof RetainedPrefixes.Retained used) {
      retained.used(used);
    }
    return taken;
  }

  /** Restores an image into the sequence, or waits until its file is read; false if neither works. */
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
        states.restore(image, sequence.id())
            || retained.evictCells(prefix.length()) && states.restore(image, sequence.id());
    if (!restored) {
      // If no other sequence has cells, room was not the reason, and it will never fit.
      store.notRestored(prefix, retained.hasOneId());
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

  /** Notes the positions at which a copy of the state will serve sequences that come later, or wait already. */
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

  /** The KV cache lost everything of an active sequence, which looks again for a prefix to share. */
  public void lost(Residency sequence) {
    if (isSharing()) {
      leave(sequence);
      share(sequence);
    }
  }

  /** A step has computed tokens of a prompt. Allocates nothing unless this is a checkpoint. */
  public void computed(Residency sequence) {
    if (cold != null && sequence.checkpoints().isAt(sequence.cached())) {
      cold.offer(sequence.text().lineage(), sequence.text().tokens(), sequence.cached(), sequence.id());
    }
  }

  /** An active sequence keeps its first {@code kept} tokens and goes on with others behind them. */
  public void shifted(Residency sequence, int kept) {
    leave(sequence);
    if (sequence.cached() > kept && !memory.removeFrom(sequence.id(), kept)) {
      memory.remove(sequence.id());
      sequence.lost();
    }
    sequence.truncated(kept);
    sequence.checkpoints().clear();
    if (retained.isEnabled()) {
      sequence.entry(
          tree.insert(sequence.text().lineage(), sequence.text().tokens(), sequence.text().length(), sequence));
    }
  }

  /** An active sequence ends: what it computed is retained if it can be of use, and its id is given up. */
  public void retire(Residency sequence) {
    leave(sequence);
    retained.keep(sequence.id(), sequence.text().lineage(), sequence.text().tokens(), sequence.cached());
    sequence.vacated();
  }

  /**
   * Takes in a state that was read from a file: retains it in the KV cache if there is room, else keeps it in the cold store.
   *
   * @param image owned by the cache from here on
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

  /** An active sequence is preempted; the cold store may keep a copy until it comes back. Its id is given up. */
  public void preempt(Residency sequence) {
    leave(sequence);
    if (cold != null) {
      cold.offer(sequence.text().lineage(), sequence.text().tokens(), sequence.cached(), sequence.id());
    }
    retained.free(sequence.id());
    sequence.vacated();
  }

  /** An active sequence ends by a fault: nothing of it is kept. Its id is given up. */
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

  /** Evicts the least recently used of the retained prefixes; false if there is none. */
  public boolean evictOldest() {
    return retained.evictOldest();
  }

  /** Takes in the reports of the disk tier. Allocates nothing if there are none. */
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
   * At the end of the engine: writes retained prefixes and those in memory to the disk tier, the most recently used ones
   * first, for as long as {@link ColdStore#FLUSH_LIMIT} allows.
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

  /** Closes the cold store. What the KV cache holds is freed with its decoder. */
  @Override
  public void close() {
    if (cold != null) {
      cold.close();
    }
  }
}
