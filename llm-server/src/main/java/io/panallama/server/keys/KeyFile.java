package io.panallama.server.keys;

import io.panallama.platform.FileTrouble;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A file of keys, a JSON document that only its owner may read and write (mode 0600 where the system has modes).
 *
 * <p>A change is written to a file beside it, which then takes its place: a reader sees the old keys or the new ones, never half of
 * them. Two writers at once wait for each other by a lock on {@code NAME.lock}, which stays. Safe for any thread and several processes.
 */
public final class KeyFile {
  /** The most bytes of a key file. */
  static final int MOST_BYTES = 16 << 20;

  private static final Set<PosixFilePermission> WRITABLE =
      Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);
  private static final Set<PosixFilePermission> READABLE =
      Set.of(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);

  /** For the threads of this process, which a lock of the file does not keep apart. */
  private static final Lock WRITERS = new ReentrantLock();

  private final Path path;

  /** The file at a path; it need not exist. */
  public KeyFile(Path path) {
    this.path = path.toAbsolutePath().normalize();
  }

  /** Where it is, absolute. */
  public Path path() {
    return path;
  }

  /** Whether there is such a file. */
  public boolean exists() {
    return Files.exists(path);
  }

  /**
   * The keys.
   *
   * @throws KeyFileException if there is no such file, if others may write it, or if it is not what {@link #update} writes
   */
  public KeySet read() {
    try {
      if (allows(WRITABLE)) {
        throw new KeyFileException(
            path, "others than its owner may write it, and so make keys for themselves; run chmod 600 on it", null);
      }
      byte[] bytes;
      try (InputStream in = Files.newInputStream(path)) {
        bytes = in.readNBytes(MOST_BYTES + 1);
      }
      if (bytes.length > MOST_BYTES) {
        throw new KeyFileException(path, "it has more than " + (MOST_BYTES >> 20) + " MiB", null);
      }
      return KeyFileJson.read(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException binary) {
      throw new KeyFileException(path, "it is not text in UTF-8", binary);
    } catch (IOException trouble) {
      throw new KeyFileException(path, FileTrouble.reason(trouble), trouble);
    } catch (KeyFileJson.Malformed malformed) {
      throw new KeyFileException(path, String.valueOf(malformed.getMessage()), malformed);
    }
  }

  /** Whether others than its owner may read it: its hashes are of no use to them, but its notes and ids are not theirs to see. */
  public boolean isReadableByOthers() {
    try {
      return allows(READABLE);
    } catch (IOException gone) {
      return false;
    }
  }

  private boolean allows(Set<PosixFilePermission> some) throws IOException {
    return isPosix() && Files.getPosixFilePermissions(path).stream().anyMatch(some::contains);
  }

  /**
   * Changes the keys, or makes the file with its folder.
   *
   * @param change gets the keys, of which there are none if there is no file, and gives those to write
   * @return what was written
   * @throws KeyFileException if the file that is there can't be read, or it can't be written
   */
  public KeySet update(UnaryOperator<KeySet> change) {
    WRITERS.lock();
    try {
      Files.createDirectories(folder(path));
      // The file itself, whatever symbolic link leads to it: all its writers need one lock.
      Path target = exists() ? path.toRealPath() : path;
      Path lockFile = target.resolveSibling(target.getFileName() + ".lock");
      try (FileChannel channel =
              FileChannel.open(lockFile, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), ownerOnly());
          FileLock _ = channel.lock()) {
        KeySet changed = change.apply(exists() ? read() : KeySet.EMPTY);
        replace(target, KeyFileJson.write(changed));
        return changed;
      }
    } catch (IOException trouble) {
      throw new KeyFileException(path, FileTrouble.reason(trouble), trouble);
    } finally {
      WRITERS.unlock();
    }
  }

  private static Path folder(Path absolute) {
    return Objects.requireNonNull(absolute.getParent(), "A file has a folder.");
  }

  private void replace(Path target, String text) throws IOException {
    Path temporary = Files.createTempFile(folder(target), ".keys", ".tmp", ownerOnly());
    try {
      try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private FileAttribute<?>[] ownerOnly() {
    return isPosix()
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))}
        : new FileAttribute<?>[0];
  }

  private boolean isPosix() {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  /** What tells one version of the file from another; a replacement is another file even within one tick of the clock. */
  record Stamp(@Nullable Object file, long modified, long bytes) {}

  /** The stamp of the version that is there now; empty if there is none. */
  Optional<Stamp> stamp() {
    try {
      BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
      return Optional.of(new Stamp(now.fileKey(), now.lastModifiedTime().toMillis(), now.size()));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }
}
