package io.panallama.internal.cache;

import io.panallama.internal.decode.StateImage;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A prefix outside the KV cache: an image in memory, a file, or both. A sequence can wait for one that is being read from its file, just as it waits for one that is being computed. Engine thread only.
 */
final class ColdPrefix implements PrefixHolder {
  private static final int NO_ID = -1;

  private final int length;
  private final long bytes;
  private PrefixTree.@Nullable Entry<ColdPrefix> entry;
  private @Nullable StateImage image;
  private @Nullable Path file;
  private boolean loading;
  private boolean writing;
  private boolean pinned;

  /**
   * @param length number of tokens whose state it holds
   * @param bytes size of the image, whether it is in memory or not
   */
  ColdPrefix(int length, long bytes) {
    this.length = length;
    this.bytes = bytes;
  }

  int length() {
    return length;
  }

  long bytes() {
    return bytes;
  }

  /** Its entry in the tree; null once it was dropped. */
  PrefixTree.@Nullable Entry<ColdPrefix> entry() {
    return entry;
  }

  void entry(PrefixTree.@Nullable Entry<ColdPrefix> value) {
    entry = value;
  }

  /** The copy in memory, if there is one. */
  @Nullable StateImage image() {
    return image;
  }

  void image(@Nullable StateImage value) {
    image = value;
  }

  /** The copy on disk, if there is one. */
  @Nullable Path file() {
    return file;
  }

  void file(@Nullable Path value) {
    file = value;
  }

  /** Whether the background thread is reading its file. */
  boolean isLoading() {
    return loading;
  }

  void loading(boolean value) {
    loading = value;
  }

  /** Whether the background thread is using the image. */
  boolean isWriting() {
    return writing;
  }

  void writing(boolean value) {
    writing = value;
  }

  /** Whether the image is about to be used and must not be evicted to make room for another one. */
  boolean isPinned() {
    return pinned;
  }

  void pinned(boolean value) {
    pinned = value;
  }

  @Override
  public int id() {
    return NO_ID;
  }

  /** An image in memory can be restored in full at once, so all its tokens count. */
  @Override
  public int cached() {
    return image == null ? 0 : length;
  }

  @Override
  public boolean isPrefilling() {
    return loading;
  }
}
