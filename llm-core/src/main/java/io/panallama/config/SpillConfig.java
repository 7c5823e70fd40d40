package io.panallama.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the KV states of prefixes go when they are evicted from the KV cache: to host memory first, and from there to disk, least recently used first. A request that begins with such a prefix restores it by a copy instead of recomputing it.
 *
 * <p>The files contain users' texts in a form that can be recovered. The directory is created for its owner only.
 */
public final class SpillConfig {
  private static final SpillConfig NONE = new Builder().build();

  private final long memoryBytes;
  private final long diskBytes;
  private final @Nullable Path directory;

  private SpillConfig(Builder from) {
    memoryBytes = from.memoryBytes;
    diskBytes = from.diskBytes;
    directory = from.directory;
    if (memoryBytes < 0) {
      throw new IllegalArgumentException("memoryBytes is " + memoryBytes + "; it must be 0 or more.");
    }
    if (diskBytes < 0) {
      throw new IllegalArgumentException("diskBytes is " + diskBytes + "; it must be 0 or more.");
    }
  }

  /** A builder that starts from {@link #none()}. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Discards prefixes that are evicted from the KV cache. */
  public static SpillConfig none() {
    return NONE;
  }

  /** Spills to host memory only. */
  public static SpillConfig toMemory(long bytes) {
    return builder().memoryBytes(bytes).build();
  }

  /**
   * The maximum number of bytes in host memory, which is also capped at one eighth of the memory available when the engine starts; 0 keeps nothing there except images on their way to or from the disk.
   */
  public long memoryBytes() {
    return memoryBytes;
  }

  /** The maximum total size in bytes of the files below {@link #directory}, for all models together; 0 writes none. */
  public long diskBytes() {
    return diskBytes;
  }

  /**
   * The directory of the files, which engines with the same model and the same cache types find again after a restart. Present whenever {@link #diskBytes} is not 0. Several engines may share one directory.
   */
  public Optional<Path> directory() {
    return Optional.ofNullable(directory);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SpillConfig that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "SpillConfig" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("memoryBytes", memoryBytes);
    all.put("diskBytes", diskBytes);
    all.put("directory", directory());
    return all;
  }

  /** Collects the components of a {@link SpillConfig}. Not thread-safe. */
  public static final class Builder {
    private long memoryBytes;
    private long diskBytes;
    private @Nullable Path directory;

    private Builder() {}

    private Builder(SpillConfig from) {
      memoryBytes = from.memoryBytes;
      diskBytes = from.diskBytes;
      directory = from.directory;
    }

    /** Sets {@link SpillConfig#memoryBytes()}. */
    public Builder memoryBytes(long value) {
      memoryBytes = value;
      return this;
    }

    /** Adds a disk tier with at most this many bytes of files below the directory. 0 bytes write nothing. */
    public Builder disk(Path directory, long bytes) {
      this.directory = Objects.requireNonNull(directory, "directory");
      diskBytes = bytes;
      return this;
    }

    /** Removes the disk tier. */
    public Builder noDisk() {
      directory = null;
      diskBytes = 0;
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws IllegalArgumentException if a number of bytes is negative
     */
    public SpillConfig build() {
      return new SpillConfig(this);
    }
  }
}
