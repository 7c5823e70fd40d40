package io.panallama.server.documents;

import java.util.OptionalLong;

/**
 * An uploaded file.
 *
 * @param id what the library calls it
 * @param filename what its client calls it; a label, and no path
 * @param purpose what its client keeps it for
 * @param bytes how many there are
 * @param created microseconds since 1970; no two files have the same, so they are sorted by it
 * @param expiresAt seconds since 1970 when it is deleted; empty for never
 */
public record StoredFile(String id, String filename, String purpose, long bytes, long created, OptionalLong expiresAt) {
  /** The longest time after which a file may be deleted, in seconds. */
  public static final int MAX_SECONDS = 1_000_000_000;
}
