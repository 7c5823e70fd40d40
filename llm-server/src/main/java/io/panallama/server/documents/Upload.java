package io.panallama.server.documents;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A file that is uploaded in parts. Immutable; it says how the upload was when it was asked for.
 *
 * @param id what the library calls it
 * @param created microseconds since 1970
 * @param announcement the file that it will be
 * @param state how far it is
 * @param expiresAt seconds since 1970 when it expires unless it is completed
 * @param file what it has become; empty unless it is {@link State#COMPLETED}, and if the file has been deleted since
 */
public record Upload(
    String id, long created, Announcement announcement, State state, long expiresAt, Optional<StoredFile> file) {
  /** How far an upload is. */
  public enum State {
    /** It takes parts. */
    PENDING,
    /** It is a file now. */
    COMPLETED,
    /** Its client has given it up. */
    CANCELLED,
    /** It was not completed in time. */
    EXPIRED
  }

  /**
   * What is said of a file before its bytes are sent.
   *
   * @param filename what its client calls it: any text, of which the library keeps what is behind the last slash or backslash
   * @param purpose what its client keeps it for
   * @param bytes how many there will be
   * @param secondsToKeep how long the file is kept once it is whole; empty for ever
   */
  public record Announcement(String filename, String purpose, long bytes, OptionalLong secondsToKeep) {}
}
