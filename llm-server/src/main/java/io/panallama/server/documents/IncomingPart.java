package io.panallama.server.documents;

/**
 * A part of an {@link Upload} that is being received: its bytes are written as they come, and {@link #keep} adds it to the
 * upload. Closing it before that leaves nothing. For one thread.
 */
public final class IncomingPart implements AutoCloseable {
  private final Uploads uploads;
  private final String uploadId;
  private final long announced;
  private final IncomingBytes bytes;

  /** A part of an upload that was announced with so many bytes. */
  IncomingPart(Uploads uploads, String uploadId, long announced, IncomingBytes bytes) {
    this.uploads = uploads;
    this.uploadId = uploadId;
    this.announced = announced;
    this.bytes = bytes;
  }

  /**
   * Writes bytes.
   *
   * @throws LibraryException with {@link LibraryException.Reason#FILE_TOO_LARGE} if there are more than the whole upload was
   *     announced with, {@link LibraryException.Reason#LIBRARY_FULL}, or what happens to files
   */
  public void write(byte[] from, int length) {
    if (bytes.count() + length > announced) {
      throw LibraryException.tooLarge(
          Uploads.DATA,
          "data has more bytes than the upload, which was announced with " + announced + "; announce another one.");
    }
    bytes.write(from, length);
  }

  /**
   * Adds what was written to the upload; it is on the disk when this returns.
   *
   * @throws LibraryException with {@link LibraryException.Reason#UNKNOWN_ID} if there is no such upload any more, {@link
   *     LibraryException.Reason#INVALID} if it takes no more parts or this one is empty, or what happens to files
   */
  public UploadPart keep() {
    UploadPart part = uploads.keep(uploadId, bytes.end(), bytes.count());
    bytes.taken();
    return part;
  }

  /** Deletes what was written unless it is kept. Repeating it is harmless. */
  @Override
  public void close() {
    bytes.close();
  }
}
