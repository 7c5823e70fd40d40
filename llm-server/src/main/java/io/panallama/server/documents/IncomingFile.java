package io.panallama.server.documents;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A file that is being uploaded: its bytes are written as they come, and {@link #keep} makes a file of them. Closing it before that
 * leaves nothing. For one thread.
 */
public final class IncomingFile implements AutoCloseable {
  private final DocumentLibrary library;
  private final Path path;
  private @Nullable OutputStream out;
  private long bytes;
  private boolean kept;

  IncomingFile(DocumentLibrary library, LibraryFolder folder) {
    this.library = library;
    this.path = folder.incoming();
    try {
      this.out = folder.create(path);
    } catch (IOException failure) {
      LibraryFolder.deleteQuietly(path);
      throw LibraryFolder.failed("The folder for files can't be written", failure);
    }
  }

  /** How many bytes have been written. */
  public long bytes() {
    return bytes;
  }

  /**
   * Writes bytes.
   *
   * @throws LibraryException with {@link LibraryException.Reason#FILE_TOO_LARGE}, {@link LibraryException.Reason#LIBRARY_FULL}, or what
   *     happens to files
   */
  public void write(byte[] from, int length) {
    OutputStream open = out;
    if (open == null) {
      throw new IllegalStateException("The file is closed.");
    }
    library.reserve(bytes, length);
    bytes += length;
    try {
      open.write(from, 0, length);
    } catch (IOException failure) {
      throw LibraryFolder.failed("The folder for files can't be written", failure);
    }
  }

  /**
   * Keeps what was written; it is on the disk when this returns.
   *
   * @param filename what its client calls it: any text, of which the library keeps what is behind the last slash or backslash
   * @param purpose what its client keeps it for
   * @param secondsToKeep how long it is kept; empty for ever
   * @throws LibraryException with {@link LibraryException.Reason#INVALID} if a text is too long, {@link
   *     LibraryException.Reason#LIBRARY_FULL} if there are too many files, or what happens to files
   */
  public StoredFile keep(String filename, String purpose, OptionalLong secondsToKeep) {
    closeStream();
    StoredFile file = library.keep(path, bytes, filename, purpose, secondsToKeep);
    kept = true;
    return file;
  }

  private void closeStream() {
    OutputStream open = out;
    out = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException failure) {
        throw LibraryFolder.failed("The folder for files can't be written", failure);
      }
    }
  }

  /** Deletes what was written unless it is kept. Repeating it is harmless. */
  @Override
  public void close() {
    try {
      closeStream();
    } finally {
      if (!kept) {
        kept = true;
        library.release(bytes);
        LibraryFolder.deleteQuietly(path);
      }
    }
  }
}
