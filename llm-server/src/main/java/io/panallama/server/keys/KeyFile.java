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
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/**
 * A file of keys, a JSON document that only its owner may read and write (mode 0600 where the system has modes).
 *
 * <p>A change is written to a file beside it, which then takes its place: a reader sees the old keys or the new ones, never half of
 * them. Owner, group and mode stay those of the file before, so that a server of another user can still read it. Two writers at once wait for each other by a lock on {@code NAME.lock}, which stays. Safe for any thread and several processes.
 */
public final class KeyFile {
  /** The most bytes of a key file. */
  static final int MOST_BYTES = 16 << 20;

  /** Some editors begin a file in UTF-8 with it. */
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private static final Set<PosixFilePermission> WRITABLE =
      Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);
  private static final Set<PosixFilePermission> READABLE =
      Set.of(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);

  private static final Set<OpenOption> LOCK_OPTIONS =
      Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);

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
   * @throws KeyFileException if there is no such file, if it is no regular one, if others may write it, or if it is not what {@link
   *     #update} writes
   */
  public KeySet read() {
    try {
      if (allows(WRITABLE)) {
        throw new KeyFileException(
            path, "others than its owner may write it, and so make keys for themselves; run chmod 600 on it", null);
      }
      requireRegular(path);
      byte[] bytes;
      try (InputStream in = Files.newInputStream(path)) {
        bytes = in.readNBytes(MOST_BYTES + 1);
      }
      if (bytes.length > MOST_BYTES) {
        throw new KeyFileException(path, "it has more than " + (MOST_BYTES >> 20) + " MiB", null);
      }
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return KeyFileJson.read(text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text);
    } catch (CharacterCodingException binary) {
      throw new KeyFileException(path, "it is not text in UTF-8", binary);
    } catch (IOException trouble) {
      throw new KeyFileException(path, FileTrouble.reason(trouble), trouble);
    } catch (KeyFileJson.Malformed malformed) {
      throw new KeyFileException(path, String.valueOf(malformed.getMessage()), malformed);
    }
  }

  /** Opening a pipe would wait for its writer, and whoever asks for keys with it. */
  private void requireRegular(Path file, LinkOption... options) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class, options);
    if (!attributes.isRegularFile()) {
      String what = attributes.isDirectory() ? " is a folder; name the file in it" : " is no regular file";
      throw new KeyFileException(path, (file.equals(path) ? "it" : file) + what, null);
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
   * @throws KeyFileException if the file that is there can't be read, if it can't be written, or if this process may not give the new
   *     file the owner and group of the one before; nothing has changed then
   */
  public KeySet update(UnaryOperator<KeySet> change) {
    WRITERS.lock();
    try {
      Files.createDirectories(folder(path));
      // The file itself, whatever symbolic link leads to it: all its writers need one lock.
      Path target = exists() ? path.toRealPath() : path;
      Path lockFile = target.resolveSibling(target.getFileName() + ".lock");
      boolean locks = Files.exists(lockFile, LinkOption.NOFOLLOW_LINKS);
      if (locks) {
        requireRegular(lockFile, LinkOption.NOFOLLOW_LINKS);
      }
      try (FileChannel channel = FileChannel.open(lockFile, LOCK_OPTIONS, ownerOnly());
          FileLock _ = channel.lock()) {
        KeySet before = exists() ? read() : KeySet.EMPTY;
        Optional<PosixFileAttributes> kept = attributes(target);
        if (!locks && kept.isPresent()) {
          // Else the file's owner could change no key after root has.
          keepOwner(lockFile, kept.get());
        }
        KeySet changed = change.apply(before);
        replace(target, KeyFileJson.write(changed), kept);
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

  /** Those of the file that is to be replaced; empty if there is none, or the system has no such attributes. */
  private Optional<PosixFileAttributes> attributes(Path target) throws IOException {
    return isPosix() && exists()
        ? Optional.of(Files.readAttributes(target, PosixFileAttributes.class))
        : Optional.empty();
  }

  /** Gives a file of this process the owner and the group of another one. */
  private void keepOwner(Path file, PosixFileAttributes kept) throws IOException {
    // In a folder of another user, a name may lead elsewhere by now.
    PosixFileAttributeView view =
        Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    PosixFileAttributes now = view.readAttributes();
    try {
      if (!now.group().equals(kept.group())) {
        view.setGroup(kept.group());
      }
      if (!now.owner().equals(kept.owner())) {
        view.setOwner(kept.owner());
      }
    } catch (IOException refused) {
      throw new KeyFileException(
          path,
          "it belongs to the user "
              + kept.owner().getName()
              + " and the group "
              + kept.group().getName()
              + ", whom this user can't give the changed file ("
              + FileTrouble.reason(refused)
              + "); nothing was changed. Run the command as the file's owner",
          refused);
    }
  }

  private void replace(Path target, String text, Optional<PosixFileAttributes> kept) throws IOException {
    Path temporary = Files.createTempFile(folder(target), ".keys", ".tmp", ownerOnly());
    try {
      try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      if (kept.isPresent()) {
        keepOwner(temporary, kept.get());
        Set<PosixFilePermission> mode = new HashSet<>(kept.get().permissions());
        mode.removeAll(WRITABLE);
        Files.getFileAttributeView(temporary, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
            .setPermissions(mode);
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
  record Stamp(Map<String, Object> attributes) {}

  /** The stamp of the version that is there now; empty if there is none. */
  Optional<Stamp> stamp() {
    try {
      // Where there is one, the time of the last change of its mode or owner, too: that may make a refused file usable.
      boolean unix = path.getFileSystem().supportedFileAttributeViews().contains("unix");
      return Optional.of(
          new Stamp(Files.readAttributes(path, (unix ? "unix:ctime," : "") + "fileKey,lastModifiedTime,size")));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }
}
