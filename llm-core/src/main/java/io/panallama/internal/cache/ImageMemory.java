package io.panallama.internal.cache;

import io.panallama.internal.decode.StateImage;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * The images in host memory: their sizes, the order of their use, and which of them have no file yet.
 * Engine thread only.
 */
final class ImageMemory {
  private final long limit;
  private final CacheMeter meter;

  /** Least recently used first. */
  private final LinkedHashSet<ColdPrefix> all = new LinkedHashSet<>();

  /** Prefixes that have no file and are not being written, in the same order. */
  private final LinkedHashSet<ColdPrefix> unwritten = new LinkedHashSet<>();

  private long bytes;
  private long unwrittenBytes;

  /**
   * @param limit the most bytes that images may take
   */
  ImageMemory(long limit, CacheMeter meter) {
    this.limit = limit;
    this.meter = meter;
  }

  long limit() {
    return limit;
  }

  long bytes() {
    return bytes;
  }

  boolean isOverLimit() {
    return bytes > limit;
  }

  /** Adds an image as the most recently used one. */
  void hold(ColdPrefix prefix, StateImage image) {
    prefix.image(image);
    all.add(prefix);
    bytes += prefix.bytes();
    meter.spilled(bytes);
    if (prefix.file() == null) {
      unwritten.add(prefix);
      unwrittenBytes += prefix.bytes();
    }
  }

  /** Closes the image of a prefix, if it has one. */
  void let(ColdPrefix prefix) {
    StateImage image = prefix.image();
    if (image != null) {
      image.close();
      prefix.image(null);
      all.remove(prefix);
      settled(prefix);
      bytes -= prefix.bytes();
      meter.spilled(bytes);
    }
  }

  /** Makes a prefix the most recently used one. */
  void touch(ColdPrefix prefix) {
    if (all.remove(prefix)) {
      all.add(prefix);
    }
    if (unwritten.remove(prefix)) {
      unwritten.add(prefix);
    }
  }

  /** Marks a prefix as no longer waiting to be written: it is being written now, or will not be. */
  void settled(ColdPrefix prefix) {
    if (unwritten.remove(prefix)) {
      unwrittenBytes -= prefix.bytes();
    }
  }

  /** Total size of the images that have no file and are not being written. */
  long unwrittenBytes() {
    return unwrittenBytes;
  }

  /** Prefixes that have no file and are not being written, least recently used first. */
  List<ColdPrefix> unwritten() {
    return List.copyOf(unwritten);
  }

  /** The least recently used prefix that has no file and is not being written; there must be one. */
  ColdPrefix oldestUnwritten() {
    return unwritten.getFirst();
  }

  List<ColdPrefix> all() {
    return List.copyOf(all);
  }

  /** The least recently used prefixes that are not in use now, adding up to at least {@code wanted} bytes if there are enough. */
  List<ColdPrefix> oldest(long wanted) {
    List<ColdPrefix> oldest = new ArrayList<>();
    long left = wanted;
    for (Iterator<ColdPrefix> each = all.iterator(); left > 0 && each.hasNext(); ) {
      ColdPrefix prefix = each.next();
      if (!prefix.isPinned() && !prefix.isWriting()) {
        oldest.add(prefix);
        left -= prefix.bytes();
      }
    }
    return oldest;
  }
}
