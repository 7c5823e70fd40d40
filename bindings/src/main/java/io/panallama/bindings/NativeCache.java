package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of unpacked libraries, shared by all processes of a user.
 *
 * <p>A set is unpacked into a temporary sibling, checked while it is written, and renamed into place, so a folder with its
 * final name is always complete. Processes that unpack at the same time wait for each other through a lock file; where
 * the file system has no locks, the first rename wins and the other process uses that folder. Later starts write nothing.
 */
final class NativeCache {
  private static final String TEMPORARY = ".tmp-";
  private static final Duration ABANDONED = Duration.ofHours(1);
  private static final Duration LOCK_PAUSE = Duration.ofMillis(20);

  private final Path folder;
  private final boolean verify;

  /**
   * @param root the cache root; the libraries go to {@code natives} below it
   * @param verify whether to hash the files of an existing folder; otherwise their sizes are compared
   */
  NativeCache(Path root, boolean verify) {
    this.folder = root.resolve("natives");
    this.verify = verify;
  }

  /**
   * Returns the folder with the files of a set, and unpacks them first if the folder is missing or incomplete.
   *
   * @throws NativeLoadException with {@link Reason#CORRUPT} if a packaged file does not match the index, and with
   *     {@link Reason#LOAD_FAILED} if the cache folder cannot be written
   */
  Path unpack(PackagedLibraries libraries) {
    Path target = folder.resolve(libraries.cacheName());
    if (damage(target, libraries).isEmpty()) {
      return target;
    }
    try {
      Files.createDirectories(folder);
      try (Lock _ = Lock.acquire(folder.resolve(".lock"))) {
        if (damage(target, libraries).isPresent()) {
          removeAbandoned();
          replace(target, libraries);
        }
      }
      return target;
    } catch (IOException e) {
      throw new NativeLoadException(
          Reason.LOAD_FAILED,
          "The native libraries cannot be unpacked to %s (%s); name a writable folder in -Dpanallama.cache.dir or PANALLAMA_CACHE_DIR"
              .formatted(target, e),
          e);
    }
  }

  /** Describes what is wrong with an unpacked folder; empty when it can be used. */
  private Optional<String> damage(Path target, PackagedLibraries libraries) {
    try {
      for (LibraryIndex.Entry entry : libraries.index().files()) {
        Path file = target.resolve(entry.name());
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        if (!attributes.isRegularFile() || attributes.size() != entry.size()) {
          return Optional.of(entry.name() + " has another size");
        }
        if (verify && !sha256(file).equals(entry.sha256())) {
          return Optional.of(entry.name() + " has another hash");
        }
      }
      byte[] index = Files.readAllBytes(target.resolve("index.txt"));
      return Arrays.equals(index, libraries.indexBytes()) ? Optional.empty() : Optional.of("index.txt differs");
    } catch (IOException e) {
      return Optional.of(e.toString());
    }
  }

  private void replace(Path target, PackagedLibraries libraries) throws IOException {
    // Not createTempDirectory, which hides the folder from other users: one user may fill a cache that many use.
    Path temporary = Files.createDirectory(folder.resolve(TEMPORARY + UUID.randomUUID()));
    try {
      for (LibraryIndex.Entry entry : libraries.index().files()) {
        write(temporary.resolve(entry.name()), entry, libraries);
      }
      Files.write(temporary.resolve("index.txt"), libraries.indexBytes());
      if (Files.exists(target)) {
        // The target is damaged. It is moved aside, so that a process that has mapped its files keeps them.
        Files.move(target, temporary.resolveSibling(temporary.getFileName() + "-old"), StandardCopyOption.ATOMIC_MOVE);
      }
      try {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        Optional<String> damage = damage(target, libraries);
        if (damage.isPresent()) {
          throw e;
        }
        // Another process was faster, on a file system without locks.
      }
    } finally {
      delete(temporary);
      delete(temporary.resolveSibling(temporary.getFileName() + "-old"));
    }
  }

  private static void write(Path file, LibraryIndex.Entry entry, PackagedLibraries libraries) throws IOException {
    MessageDigest digest = PackagedLibraries.sha256();
    long size = 0;
    try (InputStream in = libraries.open(entry.name());
        FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      byte[] buffer = new byte[1 << 16];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        size += count;
        if (size > entry.size()) {
          break;
        }
        digest.update(buffer, 0, count);
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
      }
      // Later starts compare only sizes, so a size must not reach the disk before the content.
      out.force(true);
    }
    if (size != entry.size()) {
      throw corrupt(
          entry,
          libraries,
          "it should have %d bytes and has %s%d".formatted(entry.size(), size > entry.size() ? "at least " : "", size));
    }
    String hash = HexFormat.of().formatHex(digest.digest());
    if (!hash.equals(entry.sha256())) {
      throw corrupt(entry, libraries, "its SHA-256 should be %s and is %s".formatted(entry.sha256(), hash));
    }
    if (entry.kind() == LibraryIndex.Kind.PROGRAM) {
      allowExecution(file);
    }
  }

  /** Lets everybody start the file who can read it. */
  private static void allowExecution(Path file) throws IOException {
    PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
    if (view == null) {
      return; // the file system has no such bits, as on Windows
    }
    Set<PosixFilePermission> permissions = EnumSet.copyOf(view.readAttributes().permissions());
    permissions.add(PosixFilePermission.OWNER_EXECUTE);
    if (permissions.contains(PosixFilePermission.GROUP_READ)) {
      permissions.add(PosixFilePermission.GROUP_EXECUTE);
    }
    if (permissions.contains(PosixFilePermission.OTHERS_READ)) {
      permissions.add(PosixFilePermission.OTHERS_EXECUTE);
    }
    view.setPermissions(permissions);
  }

  private static NativeLoadException corrupt(LibraryIndex.Entry entry, PackagedLibraries libraries, String what) {
    return new NativeLoadException(
        Reason.CORRUPT,
        "%s in %s is damaged: %s; fetch or build the jar again".formatted(entry.name(), libraries.origin(), what));
  }

  private static String sha256(Path file) throws IOException {
    MessageDigest digest = PackagedLibraries.sha256();
    try (InputStream in = Files.newInputStream(file)) {
      in.transferTo(
          new OutputStream() {
            @Override
            public void write(int b) {
              digest.update((byte) b);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
              digest.update(bytes, offset, length);
            }
          });
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Deletes incomplete folders that killed processes have left. */
  private void removeAbandoned() throws IOException {
    Instant limit = Instant.now().minus(ABANDONED);
    try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(folder, TEMPORARY + "*")) {
      for (Path leftover : leftovers) {
        try {
          if (Files.getLastModifiedTime(leftover).toInstant().isBefore(limit)) {
            delete(leftover);
          }
        } catch (NoSuchFileException e) {
          // Its owner has finished meanwhile.
        }
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    List<Path> files;
    try (Stream<Path> entries = Files.list(directory)) {
      files = entries.toList();
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
    Files.deleteIfExists(directory);
  }

  /** A lock between processes, and between the class loaders of one process; null where the file system has no locks. */
  private record Lock(FileChannel channel, @Nullable FileLock lock) implements AutoCloseable {

    static Lock acquire(Path file) throws IOException {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      while (true) {
        try {
          return new Lock(channel, channel.lock());
        } catch (OverlappingFileLockException e) {
          // Another class loader of this process holds the lock.
          try {
            Thread.sleep(LOCK_PAUSE);
          } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new Lock(channel, null);
          }
        } catch (IOException e) {
          return new Lock(channel, null);
        }
      }
    }

    @Override
    public void close() throws IOException {
      // Closing the channel releases the lock.
      channel.close();
    }
  }
}
