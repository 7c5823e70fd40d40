package io.panallama.internal.cache;

import io.panallama.config.SpillConfig;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.flight.CacheFlight;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * The prefixes outside the KV cache: images in host memory, and files on disk, to which the least recently used images
 * are written.
 *
 * <p>Engine thread only.
 */
final class ColdStore {
  private static final System.Logger LOG = System.getLogger("io.panallama.engine");

  /** The minimum number of tokens that make a copy worth keeping and restoring. */
  static final int SHORTEST = 32;

  /** The maximum number of candidates to compare; thousands may share a prefix. */
  private static final int MOST_CANDIDATES = 64;

  /** Computing one token takes at least as long as copying this many; an image is always restored as a whole. */
  private static final int COPY_GAIN = 32;

  /** How long an ending engine may wait for its prefixes to be written. */
  static final Duration FLUSH_LIMIT = Duration.ofSeconds(3);

  /**
   * A write is abandoned at its next part once {@link #FLUSH_LIMIT} has passed; a read is not, so the thread gets this
   * long.
   */
  private static final Duration END_LIMIT = FLUSH_LIMIT.plusSeconds(2);

  /**
   * A prefix that matches a text.
   *
   * @param usable number of tokens of the text that it can supply
   */
  record Hit(ColdPrefix prefix, int usable) {
    /** Considerably more tokens win; then an image in memory; then the shorter one, which is copied faster. */
    private boolean isBetterThan(Hit other) {
      if (Math.abs(usable - other.usable) >= SHORTEST) {
        return usable > other.usable;
      }
      boolean here = prefix.image() != null;
      if (here != (other.prefix.image() != null)) {
        return here;
      }
      return prefix.length() < other.prefix.length();
    }
  }

  private final int sequenceCells;
  private final StateStore states;
  private final CacheMeter meter;
  private final ImageMemory memory;
  private final boolean keepsInMemory;
  private final long diskLimit;

  /** Whether an image can be used only at its full length. */
  private final boolean exact;

  private final @Nullable DiskTier disk;
  private final PrefixTree<ColdPrefix> tree = new PrefixTree<>();
  private final Map<Path, ColdPrefix> files = new HashMap<>();

  /** Images that were just loaded for sequences that are waiting for them. */
  private final List<ColdPrefix> arrived = new ArrayList<>();

  private int writes;

  /** Whether the engine is ending, so that new images are written at once. */
  private boolean ending;

  /**
   * @param key signs the files
   * @param threads creates the thread that reads and writes files
   * @param wake makes the engine thread call {@link #receive} soon; called by the file thread
   */
  ColdStore(
      KvMemory cells,
      StateStore states,
      SpillConfig config,
      ImageKey key,
      CacheMeter meter,
      ThreadFactory threads,
      Runnable wake) {
    this.sequenceCells = cells.sequenceCells();
    this.states = states;
    this.meter = meter;
    this.memory = new ImageMemory(config.memoryBytes(), meter);
    this.keepsInMemory = config.memoryBytes() > 0;
    this.exact = cells.rewind() != KvMemory.Rewind.ALWAYS;
    this.disk = disk(config, key, threads, wake);
    this.diskLimit = disk == null ? 0 : config.diskBytes();
  }

  private @Nullable DiskTier disk(SpillConfig config, ImageKey key, ThreadFactory threads, Runnable wake) {
    Path directory = config.directory().orElse(null);
    if (directory == null || config.diskBytes() == 0) {
      return null;
    }
    try {
      return new DiskTier(
          directory, config.diskBytes(), key, states, meter, threads, wake, this::found, this::vanished);
    } catch (IOException failure) {
      LOG.log(
          System.Logger.Level.WARNING,
          "No prefixes are spilled to disk, because they can't be bound to a model.",
          failure);
      return null;
    }
  }

  boolean keepsInMemory() {
    return keepsInMemory;
  }

  // ---- lookup ----

  /** The best prefix for the first {@code limit} tokens of a text; null if none is worth restoring. */
  @Nullable Hit find(Lineage lineage, int[] tokens, int limit) {
    List<Hit> hits = new ArrayList<>();
    if (!exact) {
      List<ColdPrefix> candidates = new ArrayList<>();
      int matched = tree.longest(lineage, tokens, limit, MOST_CANDIDATES, candidates::add);
      for (ColdPrefix candidate : candidates) {
        // An engine with a larger context may have left an image on disk that can never fit here.
        if (candidate.length() / COPY_GAIN <= matched && candidate.length() <= sequenceCells) {
          hits.add(new Hit(candidate, matched));
        }
      }
    }
    for (PrefixTree.Entry<ColdPrefix> whole : tree.beginnings(lineage, tokens, limit)) {
      hits.add(new Hit(whole.holder(), whole.holder().length()));
    }
    Hit best = null;
    for (Hit hit : hits) {
      if (hit.usable() >= SHORTEST && (best == null || hit.isBetterThan(best))) {
        best = hit;
      }
    }
    return best;
  }

  /** The number of leading tokens, at most {@code limit}, that match some prefix in the store. */
  int common(Lineage lineage, int[] tokens, int limit) {
    return tree.longest(lineage, tokens, limit, 0, prefix -> {});
  }

  private @Nullable ColdPrefix covering(Lineage lineage, int[] tokens, int length) {
    List<ColdPrefix> candidates = new ArrayList<>();
    if (exact) {
      tree.beginnings(lineage, tokens, length).forEach(entry -> candidates.add(entry.holder()));
      candidates.removeIf(candidate -> candidate.length() != length);
    } else if (tree.longest(lineage, tokens, length, 1, candidates::add) != length) {
      return null;
    }
    return candidates.isEmpty() ? null : candidates.getFirst();
  }

  // ---- adding and evicting ----

  /**
   * Keeps a copy of a sequence's state, if that is worth it.
   *
   * @param length number of tokens whose state the sequence holds
   * @return false if there is currently no room for it
   */
  boolean offer(Lineage lineage, int[] tokens, int length, int sequence) {
    if (length < SHORTEST) {
      return true;
    }
    ColdPrefix covering = covering(lineage, tokens, length);
    if (covering != null) {
      memory.touch(covering);
      return true;
    }
    long bytes = states.stateBytes(sequence);
    if (bytes <= 0 || bytes > Math.max(memory.limit(), diskLimit)) {
      return true;
    }
    if (!makeRoom(bytes)) {
      return false;
    }
    CacheFlight flight = CacheFlight.spill();
    StateImage image = states.save(sequence);
    if (image != null) {
      CacheFlight.copied(flight, CacheFlight.MEMORY, length, image.bytes());
      keep(lineage, tokens, length, image);
    }
    return true;
  }

  /** Adds an image from elsewhere; returns false if there is no room or no need for it. */
  boolean put(Lineage lineage, int[] tokens, StateImage image) {
    boolean wanted =
        tokens.length >= SHORTEST
            && image.bytes() <= Math.max(memory.limit(), diskLimit)
            && covering(lineage, tokens, tokens.length) == null
            && makeRoom(image.bytes());
    if (wanted) {
      keep(lineage, tokens, tokens.length, image);
    }
    return wanted;
  }

  private void keep(Lineage lineage, int[] tokens, int length, StateImage image) {
    if (!exact) {
      // The longer one can be rewound to any of them.
      for (PrefixTree.Entry<ColdPrefix> shorter : tree.beginnings(lineage, tokens, length)) {
        if (!shorter.holder().isPinned()) {
          drop(shorter.holder());
        }
      }
    }
    ColdPrefix prefix = new ColdPrefix(length, image.bytes());
    prefix.entry(tree.insert(lineage, tokens, length, prefix));
    memory.hold(prefix, image);
    writeBehind();
  }

  /** Releases images. Those with a file lose nothing; those without are lost, because the disk was too slow. */
  private boolean makeRoom(long bytes) {
    if (bytes > memory.limit() && !ending) {
      // One image at a time may pass through memory on its way to the disk.
      return disk != null && memory.bytes() == 0;
    }
    long most = Math.max(memory.limit(), bytes) - bytes;
    memory.oldest(memory.bytes() - most).forEach(this::release);
    return memory.bytes() <= most;
  }

  /** Releases the image of a prefix from memory. */
  private void release(ColdPrefix prefix) {
    if (prefix.file() == null) {
      drop(prefix);
    } else {
      memory.let(prefix);
    }
  }

  /** Writes the least recently used images when memory runs short, so that they can later be released at once. */
  private void writeBehind() {
    long most = ending ? 0 : memory.limit() / 4 * 3;
    while (disk != null && memory.unwrittenBytes() > most) {
      write(memory.oldestUnwritten());
    }
  }

  private void write(ColdPrefix prefix) {
    DiskTier target = disk;
    StateImage image = prefix.image();
    PrefixTree.Entry<ColdPrefix> entry = prefix.entry();
    memory.settled(prefix);
    if (target == null || image == null || entry == null) {
      return;
    }
    prefix.writing(true);
    writes++;
    int[] tokens = tree.tokens(entry);
    target.write(tree.lineage(entry), tokens, image, file -> written(prefix, file));
  }

  private void written(ColdPrefix prefix, @Nullable Path file) {
    prefix.writing(false);
    writes--;
    if (file != null) {
      place(prefix, file);
    }
    if (prefix.entry() == null) {
      // It was dropped while it was being written.
      delete(prefix);
      memory.let(prefix);
    } else if (memory.isOverLimit() && !prefix.isPinned()) {
      release(prefix);
    }
  }

  private void place(ColdPrefix prefix, Path file) {
    ColdPrefix before = files.put(file, prefix);
    prefix.file(file);
    if (before != null && before != prefix) {
      before.file(null);
      drop(before);
    }
  }

  // ---- restoring ----

  /** Marks an image that is about to be restored: it is pinned until {@link #restored} or {@link #notRestored}. */
  void restoring(ColdPrefix prefix) {
    prefix.pinned(true);
  }

  /** Whether the image of a prefix has been read from its file for sequences that wait for it now. */
  boolean hasArrived(ColdPrefix prefix) {
    return arrived.contains(prefix);
  }

  /** The image was restored. */
  void restored(ColdPrefix prefix) {
    prefix.pinned(arrived.contains(prefix));
    meter.restored();
    memory.touch(prefix);
    if (prefix.file() != null && disk != null) {
      disk.used(prefix.file());
    }
  }

  /**
   * The image could not be restored.
   *
   * @param hadRoom whether there was enough room, so that trying again is useless
   */
  void notRestored(ColdPrefix prefix, boolean hadRoom) {
    prefix.pinned(arrived.contains(prefix));
    if (hadRoom) {
      drop(prefix);
    }
  }

  /** Starts reading the file of a prefix, which {@link ColdPrefix#isPrefilling} until that is done. */
  void load(ColdPrefix prefix) {
    DiskTier source = disk;
    Path file = prefix.file();
    PrefixTree.Entry<ColdPrefix> entry = prefix.entry();
    if (prefix.isLoading() || prefix.image() != null || source == null || file == null || entry == null) {
      return;
    }
    prefix.loading(true);
    makeRoom(prefix.bytes());
    int[] tokens = tree.tokens(entry);
    source.read(file, tree.lineage(entry), tokens, image -> loaded(prefix, image));
  }

  private void loaded(ColdPrefix prefix, @Nullable StateImage image) {
    prefix.loading(false);
    if (image == null) {
      forgetFile(prefix);
      drop(prefix);
    } else if (prefix.entry() == null) {
      image.close();
    } else {
      memory.hold(prefix, image);
      prefix.pinned(true);
      arrived.add(prefix);
    }
  }

  /**
   * Called once the sequences that waited for a file have had their turn: releases images that do not fit into memory.
   */
  void settle() {
    if (!arrived.isEmpty()) {
      arrived.forEach(prefix -> prefix.pinned(false));
      arrived.clear();
      memory.oldest(memory.bytes() - memory.limit()).forEach(this::release);
    }
  }

  /** Drops a prefix from memory and disk. */
  private void drop(ColdPrefix prefix) {
    PrefixTree.Entry<ColdPrefix> entry = prefix.entry();
    if (entry != null) {
      tree.remove(entry);
      prefix.entry(null);
    }
    memory.settled(prefix);
    if (!prefix.isWriting()) {
      delete(prefix);
      memory.let(prefix);
    }
  }

  private void delete(ColdPrefix prefix) {
    Path file = prefix.file();
    forgetFile(prefix);
    if (file != null && disk != null) {
      disk.delete(file);
    }
  }

  private void forgetFile(ColdPrefix prefix) {
    Path file = prefix.file();
    if (file != null) {
      files.remove(file, prefix);
      prefix.file(null);
    }
  }

  // ---- reports of the disk tier ----

  private void found(Path file, ImageFile.Header header) {
    if (files.containsKey(file)) {
      return;
    }
    ColdPrefix prefix = new ColdPrefix(header.tokens().length, header.stateBytes());
    prefix.entry(tree.insert(header.lineage(), header.tokens(), header.tokens().length, prefix));
    place(prefix, file);
  }

  /** The disk tier deleted a file to make room. */
  private void vanished(Path file) {
    ColdPrefix prefix = files.get(file);
    if (prefix == null) {
      return;
    }
    forgetFile(prefix);
    // A prefix in memory stays there and is not written again: otherwise two of them would evict each other forever.
    if (prefix.image() == null && !prefix.isLoading()) {
      drop(prefix);
    }
  }

  /** Processes the reports of the disk tier. Allocates nothing if there are none. */
  void receive() {
    if (disk != null) {
      disk.receive();
    }
  }

  boolean hasReports() {
    return disk != null && disk.hasReports();
  }

  // ---- the end ----

  /** Whether a prefix can outlive the engine, on disk. */
  boolean outlivesEngine() {
    return disk != null;
  }

  /**
   * Tells the store that the engine is ending: from here on a prefix that is offered is written at once, or is lost if
   * the deadline comes first.
   *
   * @param deadline a value of {@link System#nanoTime}
   */
  void end(long deadline) {
    settle();
    ending = true;
    if (disk != null) {
      disk.abandonAfter(deadline);
    }
  }

  /**
   * Waits until the background thread has made progress; returns false if it has nothing to write or the deadline has
   * passed.
   */
  boolean awaitReport(long deadline) {
    return writes > 0 && disk != null && disk.awaitReport(deadline);
  }

  /** Writes all images that have no file yet, the most recently used ones first. */
  void writeRest() {
    memory.unwritten().reversed().forEach(this::write);
  }

  /** Ends the background thread after it has written what the deadline allowed, and frees all images. */
  void close() {
    if (!ending) {
      end(System.nanoTime());
    }
    if (disk != null && !disk.close(END_LIMIT)) {
      LOG.log(System.Logger.Level.WARNING, "The disk does not answer; what is being written to it is left behind.");
      return;
    }
    memory.all().forEach(memory::let);
  }
}
