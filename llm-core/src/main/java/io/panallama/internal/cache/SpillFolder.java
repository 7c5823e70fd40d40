package io.panallama.internal.cache;

import io.panallama.error.EngineStartException;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import io.panallama.platform.FileTrouble;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The directory of the disk tier: {@code <directory>/<16 hex digits>/<hash of lineage and tokens>.kv}. The digits stand
 * for a model and the key of its images, so an engine meets no files that another key signed. All files of that form count towards the limit, also those of other models, and the least recently used
 * ones are deleted first.
 *
 * <p>Whatever happens to the directory, nothing is thrown: a file that can't be written or read is treated as missing.
 * A refused file is deleted, and the log names it with the reason. Other engines, also in other processes, may use the
 * same directory.
 *
 * <p>Confined to one thread, which may block on the disk; {@link #abandonAfter} may be called from any thread.
 */
final class SpillFolder {
  private static final System.Logger LOG = System.getLogger("io.panallama.engine");

  /** The name of a model's folder. */
  private static final Pattern FOLDER = Pattern.compile("[0-9a-f]{16}");

  /** After this many failed writes in a row no more are tried. */
  private static final int MOST_FAILURES = 3;

  /**
   * Other engines write into the directory too; before a file is deleted to make room, it is listed again, at most this
   * often.
   */
  private static final long LIST_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Path directory;
  private final Path own;
  private final long limit;
  private final ImageKey key;
  private final byte[] fingerprint;
  private final ImageFile.Reader reader;
  private final Consumer<Path> removed;

  /** The size in bytes of every file, least recently used first. */
  private final Map<Path, Long> files = new LinkedHashMap<>();

  private long bytes;
  private long listed;
  private int failures;
  private boolean readFailureLogged;
  private volatile long deadline;
  private volatile boolean hasDeadline;

  /**
   * @param limit the maximum total size of the files in bytes
   * @param key signs the files
   * @param removed called for every file of this model that was deleted to make room
   * @throws UnusableKeyException if there is no key
   */
  SpillFolder(
      Path directory, long limit, ImageKey key, byte[] fingerprint, ImageFile.Reader reader, Consumer<Path> removed)
      throws UnusableKeyException {
    this.directory = directory;
    this.own = directory.resolve(HexFormat.of().formatHex(key.mac().doFinal(fingerprint), 0, 8));
    this.limit = limit;
    this.key = key;
    this.fingerprint = fingerprint.clone();
    this.reader = reader;
    this.removed = removed;
  }

  /**
   * Creates the directory, accessible to its owner only, if it does not exist.
   *
   * @throws EngineStartException if it can't be created
   */
  static void create(Path directory) {
    try {
      Files.createDirectories(directory, OwnerOnly.directory(directory));
    } catch (IOException failure) {
      throw new EngineStartException(
          EngineStartException.Reason.REFUSED,
          "The directory to spill to can't be made: " + directory + " (" + FileTrouble.reason(failure) + ")",
          failure);
    }
  }

  /**
   * Makes sure that there is a key.
   *
   * @throws EngineStartException if there is none
   */
  static void requireKey(ImageKey key) {
    try {
      key.mac();
    } catch (UnusableKeyException failure) {
      throw new EngineStartException(
          EngineStartException.Reason.REFUSED,
          "Nothing can be spilled to disk, because the files can't be signed: " + failure.getMessage(),
          failure);
    }
  }

  /** Total size of all files in bytes. */
  long bytes() {
    return bytes;
  }

  /** Once {@link System#nanoTime} reaches this value, nothing more is written and a write in progress is abandoned. */
  void abandonAfter(long nanoTime) {
    deadline = nanoTime;
    hasDeadline = true;
  }

  private boolean isAbandoned() {
    return hasDeadline && System.nanoTime() - deadline >= 0;
  }

  /**
   * Lists the directory, removes what crashes left behind, and reports every image of this model that is within the
   * limit.
   */
  void scan(BiConsumer<Path, ImageFile.Header> found) {
    list();
    removeLeftovers();
    makeRoom(0);
    for (Path file : List.copyOf(files.keySet())) {
      if (isAbandoned()) {
        return;
      }
      if (own.equals(file.getParent())) {
        try {
          found.accept(file, ImageFile.readHeader(file, key, fingerprint));
        } catch (RefusedImageException refused) {
          refuse(file, refused);
        } catch (IOException failure) {
          unreadable(file, failure);
        }
      }
    }
  }

  private void list() {
    record Found(Path file, FileTime used, long size) {}
    List<Found> all = new ArrayList<>();
    visit((file, facts) -> {
      if (facts.isRegularFile() && file.toString().endsWith(ImageFile.SUFFIX)) {
        all.add(new Found(file, facts.lastModifiedTime(), facts.size()));
      }
    });
    all.sort(Comparator.comparing(Found::used));
    files.clear();
    bytes = 0;
    for (Found found : all) {
      files.put(found.file(), found.size());
      bytes += found.size();
    }
    listed = System.nanoTime();
  }

  /** Removes temporary files that no process has locked: a writer holds a lock on its file. */
  private void removeLeftovers() {
    visit((file, facts) -> {
      if (facts.isRegularFile() && ImageFile.isTemporary(file) && isLeftover(file)) {
        delete(file);
      }
    });
  }

  /** Visits every file in the model folders. Anything else in the directory is not ours; it may be saved sessions. */
  private void visit(BiConsumer<Path, BasicFileAttributes> visitor) {
    try {
      Files.walkFileTree(
          directory,
          Set.of(),
          2,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes facts) {
              Path inside = directory.relativize(file);
              if (inside.getNameCount() == 2 && FOLDER.matcher(inside.getName(0).toString()).matches()) {
                visitor.accept(file, facts);
              }
              return FileVisitResult.CONTINUE;
            }

            // Other processes may delete files in the meantime.
            @Override
            public FileVisitResult visitFileFailed(Path file, IOException gone) {
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException gone) {
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException failure) {
      LOG.log(System.Logger.Level.DEBUG, "Not all of " + directory + " could be listed.", failure);
    }
  }

  private static boolean isLeftover(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      return lock != null;
    } catch (OverlappingFileLockException | IOException inUse) {
      return false;
    }
  }

  /** Writes an image; returns null if it was not written. */
  @Nullable Path write(Lineage lineage, int[] tokens, StateImage image) {
    Path file = own.resolve(name(lineage, tokens));
    long size = ImageFile.bytes(lineage, tokens.length, image.bytes());
    if (files.containsKey(file) && Files.exists(file)) {
      used(file);
      return file;
    }
    forget(file);
    if (failures >= MOST_FAILURES || isAbandoned() || !makeRoom(size)) {
      return null;
    }
    try {
      Files.createDirectories(own, OwnerOnly.directory(own));
      ImageFile.write(file, key, fingerprint, lineage, tokens, image, this::isAbandoned);
    } catch (IOException failure) {
      if (!isAbandoned()) {
        unwritable(file, failure);
      }
      return null;
    }
    failures = 0;
    files.put(file, size);
    bytes += size;
    return file;
  }

  private void unwritable(Path file, IOException failure) {
    failures++;
    if (failures == 1) {
      LOG.log(
          System.Logger.Level.WARNING,
          "A prefix can't be spilled to " + file + ": " + FileTrouble.reason(failure) + ".");
    } else if (failures == MOST_FAILURES) {
      LOG.log(
          System.Logger.Level.WARNING,
          "No more prefixes are spilled to " + directory + ": " + FileTrouble.reason(failure) + ".");
    }
  }

  /** The name is a hash of the contents, so engines that share the directory do not store the same text twice. */
  private static String name(Lineage lineage, int[] tokens) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] encoding = lineage.encoding();
      // The length of the lineage is included, so that no lineage and tokens can collide with another split of the same
      // bytes.
      ByteBuffer buffer = ByteBuffer.allocate(4 + encoding.length + 4 * tokens.length);
      buffer.putInt(encoding.length).put(encoding).asIntBuffer().put(tokens);
      return HexFormat.of().formatHex(digest.digest(buffer.array()), 0, 16) + ImageFile.SUFFIX;
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /** Reads an image; returns null if it can't be read. */
  @Nullable StateImage read(Path file, Lineage lineage, int[] tokens) {
    // A file that is not in the table was deleted to make room after the read was requested.
    if (isAbandoned() || !files.containsKey(file)) {
      return null;
    }
    try {
      StateImage image = ImageFile.read(file, key, fingerprint, lineage, tokens, reader);
      used(file);
      return image;
    } catch (RefusedImageException refused) {
      refuse(file, refused);
    } catch (IOException failure) {
      unreadable(file, failure);
    }
    return null;
  }

  /** Records that the image of a file was used, so that it is the last to be deleted. */
  void used(Path file) {
    Long size = files.remove(file);
    if (size != null) {
      files.put(file, size);
    }
    try {
      Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis()));
    } catch (IOException notOurs) {
      LOG.log(System.Logger.Level.DEBUG, "The time of " + file + " can't be set.", notOurs);
    }
  }

  private void refuse(Path file, RefusedImageException refused) {
    LOG.log(System.Logger.Level.WARNING, "Refused and deleted: " + refused.getMessage());
    delete(file);
  }

  private void unreadable(Path file, IOException failure) {
    if (!readFailureLogged) {
      readFailureLogged = true;
      LOG.log(
          System.Logger.Level.WARNING,
          "A prefix can't be read back from " + file + ": " + FileTrouble.reason(failure) + ".");
    }
    forget(file);
  }

  /** Deletes one of our files. */
  void delete(Path file) {
    forget(file);
    try {
      Files.deleteIfExists(file);
    } catch (IOException failure) {
      LOG.log(System.Logger.Level.DEBUG, "A file can't be deleted: " + file, failure);
    }
  }

  private void forget(Path file) {
    Long size = files.remove(file);
    if (size != null) {
      bytes -= size;
    }
  }

  /**
   * Deletes the least recently used files until {@code wanted} more bytes fit within the limit; returns false if they
   * never can.
   */
  private boolean makeRoom(long wanted) {
    if (wanted > limit) {
      return false;
    }
    if (bytes + wanted > limit && System.nanoTime() - listed > LIST_AGAIN_NANOS) {
      list();
    }
    while (bytes + wanted > limit && !files.isEmpty()) {
      Path oldest = files.keySet().iterator().next();
      delete(oldest);
      if (own.equals(oldest.getParent())) {
        removed.accept(oldest);
      }
    }
    return bytes + wanted <= limit;
  }
}
