package io.panallama.internal.cache;

import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.flight.CacheFlight;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sequence ids of the KV cache, and the prefixes of finished sequences that still occupy some of them. When ids or
 * cells run out, the least recently used prefix is evicted, to the {@link ColdStore} if there is one.
 *
 * <p>Engine thread only.
 */
final class RetainedPrefixes {
  /** A shorter prefix is neither retained nor shared: it does not justify a scan over all cells of the cache. */
  static final int SHORTEST = 8;

  /** The length of an id that no retained prefix has. */
  private static final int NOT_RETAINED = -1;

  /** If evicted prefixes can be copied to memory, all but the latest retained prefix may hold one cell in this many. */
  private static final int OLDER_PART = 16;

  /** However large the context is, those hold at most this many: scanning them costs the same in any context. */
  private static final int MOST_OLDER = 1024;

  /** The prefix that a finished sequence left in the KV cache. */
  static final class Retained implements PrefixHolder {
    private final int id;
    private final int length;
    private PrefixTree.@Nullable Entry<PrefixHolder> entry;

    private Retained(int id, int length) {
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
  private final PrefixTree<PrefixHolder> tree;
  private final @Nullable ColdStore cold;
  private final int sequenceIds;
  private final int limit;

  /** Half of a unified cache, which all retained prefixes together must not exceed. */
  private final int cellLimit;

  /**
   * The number of cells that all retained prefixes but the latest may hold. Every step scans all cells up to the
   * highest one in use, so retained cells slow down running sequences: sixteen streams of 256 tokens run at half speed
   * with as many cells retained (30M model, Zen 4). Where a copy in memory is cheap, that is the better choice.
   */
  private final int olderCellLimit;

  private final BitSet usedIds = new BitSet();

  /** Least recently used first. */
  private final Deque<Retained> retained = new ArrayDeque<>();

  /** The lengths of retained prefixes by id. */
  private final int[] lengths;

  /** When they were used last, by id. */
  private final long[] lastUses;

  private long uses;
  private int cells;

  /**
   * @param tree where retained prefixes are entered next to the active sequences
   * @param cold where evicted prefixes go; null if they are discarded
   */
  RetainedPrefixes(Decoder decoder, int slots, PrefixTree<PrefixHolder> tree, @Nullable ColdStore cold) {
    this.memory = decoder.memory();
    this.states = decoder.states();
    this.sequenceIds = decoder.sequenceIds();
    this.tree = tree;
    this.cold = cold;
    this.lengths = new int[sequenceIds];
    Arrays.fill(lengths, NOT_RETAINED);
    this.lastUses = new long[sequenceIds];
    boolean unified = memory.isUnified();
    // In a split memory an id that no active sequence uses has cells that nothing else can use.
    this.limit = !memory.sharesPrefixes() ? 0 : unified ? sequenceIds - slots : sequenceIds;
    this.cellLimit = unified ? memory.contextSize() / 2 : Integer.MAX_VALUE;
    boolean copies =
        cold != null && cold.keepsInMemory() && memory.isOnHost() && memory.rewind() == KvMemory.Rewind.ALWAYS;
    this.olderCellLimit = copies && unified ? Math.min(MOST_OLDER, memory.contextSize() / OLDER_PART) : cellLimit;
  }

  /** Whether anything can be retained: the memory shares prefixes and has ids to spare. */
  boolean isEnabled() {
    return limit > 0;
  }

  // ---- ids ----

  /** Takes a free id, evicting a prefix if there is none. */
  int takeId() {
    int id = usedIds.nextClearBit(0);
    if (id >= sequenceIds) {
      evictOldest();
      id = usedIds.nextClearBit(0);
    }
    usedIds.set(id);
    return id;
  }

  /** Removes the cells of a sequence and frees its id. */
  void free(int id) {
    memory.remove(id);
    usedIds.clear(id);
  }

  /** Whether only one id is in use, so that all cells but those of that one are free. */
  boolean hasOneId() {
    return usedIds.cardinality() == 1;
  }

  /**
   * Chooses the id of a new sequence in a split memory. llama.cpp computes sequences together only if their ids follow
   * one another, so the ids of active sequences are kept close together.
   *
   * @param own the prefix that the sequence could continue in place; null if there is none
   */
  int closeId(@Nullable Retained own) {
    int lowest = -1;
    int highest = -1;
    for (int id = 0; id < sequenceIds; id++) {
      if (usedIds.get(id) && lengths[id] == NOT_RETAINED) {
        lowest = lowest < 0 ? id : lowest;
        highest = id;
      }
    }
    int best = -1;
    for (int id = 0; id < sequenceIds; id++) {
      boolean isActive = usedIds.get(id) && lengths[id] == NOT_RETAINED;
      if (!isActive && (best < 0 || isBetter(id, best, lowest, highest, own))) {
        best = id;
      }
    }
    return best;
  }

  private boolean isBetter(int id, int other, int lowest, int highest, @Nullable Retained own) {
    if (lowest >= 0) {
      int byDistance = Integer.compare(distance(id, lowest, highest), distance(other, lowest, highest));
      if (byDistance != 0) {
        return byDistance < 0;
      }
    }
    if (own != null && (own.id == id || own.id == other)) {
      return own.id == id;
    }
    if (usedIds.get(id) != usedIds.get(other)) {
      return !usedIds.get(id);
    }
    return usedIds.get(id) && lastUses[id] < lastUses[other];
  }

  private static int distance(int id, int lowest, int highest) {
    return id < lowest ? lowest - id : Math.max(0, id - highest);
  }

  /** Takes an id for a sequence; evicts the prefix that is retained there. */
  void takeId(int id) {
    for (Retained left : List.copyOf(retained)) {
      if (left.id == id) {
        evict(left);
      }
    }
    usedIds.set(id);
  }

  /**
   * Lets a sequence continue a retained prefix in its cells.
   *
   * @param length the number of its tokens that the sequence has, too; if others are lost, a copy of it is offered to the
   *     cold store
   */
  void takeOver(Retained prefix, int length) {
    if (prefix.length - length >= SHORTEST) {
      offer(prefix);
    }
    remove(prefix);
  }

  /** The number of cells that a retained prefix has under this id; 0 if there is none. */
  int retainedLength(int id) {
    return Math.max(0, lengths[id]);
  }

  /** The number of cells of all retained prefixes. */
  int cells() {
    return cells;
  }

  // ---- retaining ----

  /**
   * Retains the tokens that a finished sequence has computed, or offers them to the cold store and frees its id.
   *
   * @param id of the sequence, which must no longer be in the tree
   * @param length number of tokens that were computed
   */
  void keep(int id, Lineage lineage, int[] tokens, int length) {
    if (covers(lineage, tokens, length)) {
      free(id);
    } else if (isRetainable(length)) {
      // Any sequence that shares one of these can share the longer one.
      for (PrefixTree.Entry<PrefixHolder> shorter : tree.beginnings(lineage, tokens, length)) {
        if (shorter.holder() instanceof Retained covered) {
          forget(covered);
        }
      }
      makeRoom(length);
      retain(id, lineage, tokens, length);
    } else {
      if (cold != null) {
        cold.offer(lineage, tokens, length, id);
      }
      free(id);
    }
  }

  /** Retains a state from elsewhere; returns false if there is no room for it. */
  boolean restore(Lineage lineage, int[] tokens, StateImage image) {
    int length = tokens.length;
    if (!isRetainable(length)) {
      return false;
    }
    makeRoom(length);
    if (usedIds.cardinality() == sequenceIds) {
      evictOldest();
    }
    int id = usedIds.nextClearBit(0);
    if (id >= sequenceIds || !states.restore(image, id)) {
      return false;
    }
    usedIds.set(id);
    retain(id, lineage, tokens, length);
    return true;
  }

  private boolean isRetainable(int length) {
    return isEnabled() && length >= SHORTEST && length <= cellLimit;
  }

  private void retain(int id, Lineage lineage, int[] tokens, int length) {
    Retained left = new Retained(id, length);
    left.entry = tree.insert(lineage, tokens, length, left);
    retained.addLast(left);
    lengths[id] = length;
    lastUses[id] = ++uses;
    cells += length;
  }

  /** Whether a retained prefix contains all of these tokens. */
  boolean covers(Lineage lineage, int[] tokens, int length) {
    List<PrefixHolder> holders = new ArrayList<>();
    int matched = tree.longest(lineage, tokens, length, holders::add);
    return matched == length && holders.stream().anyMatch(holder -> holder instanceof Retained);
  }

  /** Makes a prefix the most recently used one. */
  void used(Retained prefix) {
    retained.remove(prefix);
    retained.addLast(prefix);
    lastUses[prefix.id] = ++uses;
  }

  // ---- evicting ----

  private void makeRoom(int length) {
    while (retained.size() >= limit || cells > olderCellLimit || cells + length > cellLimit) {
      evictOldest();
    }
  }

  /** Evicts the least recently used prefix; returns false if nothing is retained. */
  boolean evictOldest() {
    Retained oldest = retained.peekFirst();
    if (oldest == null) {
      return false;
    }
    evict(oldest);
    return true;
  }

  private void evict(Retained prefix) {
    CacheFlight flight = CacheFlight.evict();
    offer(prefix);
    forget(prefix);
    CacheFlight.evicted(flight, CacheFlight.ROOM, prefix.length);
  }

  private void offer(Retained prefix) {
    if (cold != null && prefix.entry != null) {
      cold.offer(tree.lineage(prefix.entry), tree.tokens(prefix.entry), prefix.length, prefix.id);
    }
  }

  /** Evicts prefixes that hold at least {@code wanted} cells, or all of them; returns false if nothing is retained. */
  boolean evictCells(int wanted) {
    int before = cells;
    boolean evicted = true;
    while (evicted && before - cells < wanted) {
      evicted = evictOldest();
    }
    return cells < before;
  }

  private void forget(Retained left) {
    remove(left);
    free(left.id);
  }

  private void remove(Retained left) {
    retained.remove(left);
    lengths[left.id] = NOT_RETAINED;
    cells -= left.length;
    if (left.entry != null) {
      tree.remove(left.entry);
    }
  }

  /**
   * Offers all retained prefixes to a store that writes them to disk, the most recently used one first.
   *
   * @param deadline a value of {@link System#nanoTime} after which no more are offered
   */
  void offerAll(ColdStore store, long deadline) {
    for (Retained left : List.copyOf(retained).reversed()) {
      if (left.entry != null && System.nanoTime() - deadline < 0) {
        Lineage lineage = tree.lineage(left.entry);
        int[] tokens = tree.tokens(left.entry);
        boolean again = true;
        while (again && !store.offer(lineage, tokens, left.length, left.id)) {
          again = store.awaitReport(deadline);
        }
      }
    }
  }
}
