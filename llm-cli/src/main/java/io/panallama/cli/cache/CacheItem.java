package io.panallama.cli.cache;

import java.nio.file.Path;

/**
 * A file or a folder in the cache.
 *
 * @param path its path
 * @param name the same, relative to the root of the cache
 * @param bytes its size, with everything in it
 * @param purpose what it is for, in a few words
 * @param use whether this version needs it
 */
public record CacheItem(Path path, String name, long bytes, String purpose, Use use) {
  /** Whether an item is needed. */
  public enum Use {
    /** This version reads it; if removed, it is made again at the next start or build. */
    USED,
    /** This version does not read it. */
    UNUSED,
    /** User data, or files whose use is unknown; removed only on request. */
    KEPT
  }
}
