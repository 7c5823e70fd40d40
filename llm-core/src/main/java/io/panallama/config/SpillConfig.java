package io.panallama.config;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where the KV states of prefixes go that have to leave the KV cache: to host memory first, and from there to disk, least
 * recently used first. A request that begins with one of them gets it back by a copy instead of computing it again.
 *
 * <p>The files hold what users wrote in a form that can be read back. The directory is made for its owner alone.
 *
 * @param memoryBytes the most bytes of host memory, and no more than an eighth of what is available when the engine starts;
 *     0 keeps nothing there but what is on its way to or from the disk
 * @param diskBytes the most bytes of files below the directory, all models' together; 0 writes none
 * @param directory where the files are; they are found again after a restart, by engines with the same model and the same
 *     cache types. Needed if {@code diskBytes} is not 0. Several engines may use the same one
 */
public record SpillConfig(long memoryBytes, long diskBytes, @Nullable Path directory) {
  private static final SpillConfig NONE = new SpillConfig(0, 0, null);

  /**
   * @throws IllegalArgumentException if a number is negative or the directory is missing
   */
  public SpillConfig {
    if (memoryBytes < 0 || diskBytes < 0) {
      throw new IllegalArgumentException(
          "memoryBytes is " + memoryBytes + " and diskBytes " + diskBytes + "; both must be 0 or more.");
    }
    if (diskBytes > 0 && directory == null) {
      throw new IllegalArgumentException("diskBytes is " + diskBytes + " without a directory to write to.");
    }
  }

  /** What leaves the KV cache is forgotten. */
  public static SpillConfig none() {
    return NONE;
  }

  /** Host memory only. */
  public static SpillConfig toMemory(long bytes) {
    return new SpillConfig(bytes, 0, null);
  }

  /** The same with a disk tier. */
  public SpillConfig withDisk(Path newDirectory, long bytes) {
    return new SpillConfig(memoryBytes, bytes, Objects.requireNonNull(newDirectory, "newDirectory"));
  }
}
