package io.panallama.server.documents;

import java.util.OptionalLong;

/**
 * A file that is being uploaded: its bytes are written as they come, and {@link #keep} makes a file of them. Closing it before that
 * leaves nothing. For one thread.
 */
public final class IncomingFile implements AutoCloseable {
  private final DocumentLibrary library;
  private final IncomingBytes bytes;

  IncomingFile(DocumentLibrary library, IncomingBytes bytes) {
    this.library = library;
    this.bytes = bytes;
  }

  /** How many bytes have been written. */
  public long bytes() {
    return bytes.count();
  }

  /**
   * Writes bytes.
   *
   * @throws LibraryException with {@link LibraryException.Reason#FILE_TOO_LARGE}, {@link LibraryException.Reason#LIBRARY_FULL}, or what
   *     happens to files
   */
  public void write(byte[] from, int length) {
    bytes.write(from, length);
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
    StoredFile file = library.keep(bytes.end(), bytes.count(), filename, purpose, secondsToKeep);
    bytes.taken();
    return file;
  }

  /** Deletes what was written unless it is kept. Repeating it is harmless. */
  @Override
  public void close() {
    bytes.close();
  }
}
