package io.panallama.server.documents;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that are written as they come, and counted towards the limits. Closing this before they are {@linkplain #taken taken}
 * leaves nothing of them. For one thread.
 */
final class IncomingBytes implements AutoCloseable {
  private final FileShelf files;
  private final Path path;
  private @Nullable OutputStream out;
  private long count;
  private boolean taken;

  IncomingBytes(FileShelf files, LibraryFolder folder) {
    this.files = files;
    this.path = folder.incoming();
    try {
      this.out = folder.create(path);
    } catch (IOException failure) {
      LibraryFolder.deleteQuietly(path);
      throw LibraryFolder.failed("The folder for files can't be written", failure);
    }
  }

  /** How many have been written. */
  long count() {
    return count;
  }

  /** Writes more of them. */
  void write(byte[] from, int length) {
    OutputStream open = out;
    if (open == null) {
      throw new IllegalStateException("The file is closed.");
    }
    files.reserve(count, length);
    count += length;
    try {
      open.write(from, 0, length);
    } catch (IOException failure) {
      throw LibraryFolder.failed("The folder for files can't be written", failure);
    }
  }

  /** Ends the writing; where they are. */
  Path end() {
    OutputStream open = out;
    out = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException failure) {
        throw LibraryFolder.failed("The folder for files can't be written", failure);
      }
    }
    return path;
  }

  /** They have been moved to their place, and stay counted. */
  void taken() {
    taken = true;
  }

  /** Repeating it is harmless. */
  @Override
  public void close() {
    try {
      end();
    } finally {
      if (!taken) {
        taken = true;
        files.release(count);
        LibraryFolder.deleteQuietly(path);
      }
    }
  }
}
