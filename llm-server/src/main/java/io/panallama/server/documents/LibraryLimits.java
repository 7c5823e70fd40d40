package io.panallama.server.documents;

/**
 * How much a {@link DocumentLibrary} takes.
 *
 * @param maxFileBytes the most bytes of a file
 * @param maxTotalBytes the most bytes of all files together
 */
public record LibraryLimits(long maxFileBytes, long maxTotalBytes) {
  /** The most bytes that a file may be allowed to have. */
  public static final long MOST_FILE_BYTES = 1L << 30;

  /** 64 MiB, and 4 GiB together. */
  public static final LibraryLimits DEFAULT = new LibraryLimits(64L << 20, 4L << 30);

  /**
   * Validates the limits.
   *
   * @throws IllegalArgumentException if one is not positive, or {@code maxFileBytes} more than {@link #MOST_FILE_BYTES} or than
   *     {@code maxTotalBytes}
   */
  public LibraryLimits {
    if (maxTotalBytes < 1) {
      throw new IllegalArgumentException("maxTotalBytes is " + maxTotalBytes + "; it must be at least 1.");
    }
    long most = Math.min(MOST_FILE_BYTES, maxTotalBytes);
    if (maxFileBytes < 1 || maxFileBytes > most) {
      throw new IllegalArgumentException("maxFileBytes is " + maxFileBytes + "; it must be 1 to " + most + ".");
    }
  }
}
