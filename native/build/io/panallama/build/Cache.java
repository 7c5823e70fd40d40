package io.panallama.build;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Files that the builds of all checkouts share, each under the hash of its inputs.
 *
 * <p>An entry is made in a temporary folder and renamed when it is complete, so there are no partial entries. A lock makes a
 * second build wait, so that nothing is fetched or compiled twice.
 */
final class Cache implements AutoCloseable {
  /** Makes an entry at the given path, which does not exist yet. */
  interface Maker {
    void make(Path entry) throws IOException, InterruptedException;
  }

  private final Path root;
  private final FileChannel channel;
  private final FileLock lock;

  private Cache(Path root, FileChannel channel, FileLock lock) {
    this.root = root;
    this.channel = channel;
    this.lock = lock;
  }

  static Cache open(Path root) throws IOException {
    Files.createDirectories(root);
    Path lockFile = root.resolve("lock");
    FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        System.out.println("native: waiting for another build, which holds " + lockFile);
        lock = channel.lock();
      }
      Cache cache = new Cache(root, channel, lock);
      FileTree.delete(cache.temporary()); // left by a build that was killed
      return cache;
    } catch (IOException | OverlappingFileLockException e) {
      channel.close();
      throw e;
    }
  }

  /** Returns the entry of that name, and makes it first if it does not exist. */
  Path entry(String kind, String name, Maker maker) throws IOException, InterruptedException {
    Path entry = root.resolve(kind).resolve(name);
    if (Files.exists(entry)) {
      return entry;
    }
    Files.createDirectories(entry.getParent());
    Files.createDirectories(temporary());
    Path making = temporary().resolve(name);
    FileTree.delete(making);
    maker.make(making);
    Files.move(making, entry, StandardCopyOption.ATOMIC_MOVE);
    return entry;
  }

  /** Returns a new, empty folder that is deleted at the end of this build. */
  Path scratch(String name) throws IOException {
    Path directory = temporary().resolve("scratch-" + name);
    FileTree.delete(directory);
    return Files.createDirectories(directory);
  }

  @Override
  public void close() throws IOException {
    FileTree.delete(temporary());
    lock.release();
    channel.close();
  }

  private Path temporary() {
    return root.resolve("tmp");
  }
}
