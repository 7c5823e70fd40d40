package io.panallama.server.documents;

import java.util.Map;
import java.util.OptionalLong;

/**
 * Files that are searched together. Immutable; it says how the store was when it was asked for.
 *
 * @param id what the library calls it
 * @param created microseconds since 1970; no two stores have the same, so they are sorted by it
 * @param settings what its client may change
 * @param lastActiveAt seconds since 1970 when it was last searched or changed
 * @param usageBytes what the passages of its files and their vectors take
 * @param files how many files it has
 * @param expired whether it is searched no longer
 */
public record VectorStore(
    String id, long created, Settings settings, long lastActiveAt, long usageBytes, FileCounts files, boolean expired) {
  /** The most days without activity after which a store may expire. */
  public static final int MAX_DAYS = 365;

  private static final long DAY = 86_400;

  /**
   * What a client may change.
   *
   * @param name may be empty
   * @param metadata what the client notes about it: names and texts
   * @param expiresAfterDays days without activity after which it expires; 0 for never
   */
  public record Settings(String name, Map<String, String> metadata, int expiresAfterDays) {
    private static final int LONGEST_NAME = 256;

    /**
     * Validates the settings.
     *
     * @throws LibraryException with {@link LibraryException.Reason#INVALID} if a text is too long, there are too many, or the
     *     days are out of range
     */
    public Settings {
      metadata = Map.copyOf(metadata);
      if (name.length() > LONGEST_NAME) {
        throw LibraryException.invalid(
            "name", "name has " + name.length() + " characters; at most " + LONGEST_NAME + " are allowed.");
      }
      if (metadata.size() > StoreFile.MAX_ATTRIBUTES) {
        throw LibraryException.invalid(
            "metadata",
            "metadata has " + metadata.size() + " values; at most " + StoreFile.MAX_ATTRIBUTES + " are allowed.");
      }
      metadata.forEach((key, value) -> {
        if (key.length() > StoreFile.MAX_NAME) {
          throw LibraryException.invalid(
              "metadata",
              "A name in metadata has "
                  + key.length()
                  + " characters; at most "
                  + StoreFile.MAX_NAME
                  + " are allowed.");
        }
        StoreFile.checkText("metadata." + key, value);
      });
      if (expiresAfterDays < 0 || expiresAfterDays > MAX_DAYS) {
        throw LibraryException.invalid(
            "expires_after.days", "expires_after.days is " + expiresAfterDays + "; it must be 1 to " + MAX_DAYS + ".");
      }
    }
  }

  /** Seconds since 1970 when it expires, or did; empty for never. */
  public OptionalLong expiresAt() {
    return expiry(settings, lastActiveAt);
  }

  static OptionalLong expiry(Settings settings, long lastActiveAt) {
    return settings.expiresAfterDays() == 0
        ? OptionalLong.empty()
        : OptionalLong.of(lastActiveAt + DAY * settings.expiresAfterDays());
  }
}
