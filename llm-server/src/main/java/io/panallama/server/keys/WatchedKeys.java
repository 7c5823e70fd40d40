package io.panallama.server.keys;

import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * The keys of a file as they are now: each request looks whether the file has changed, so a change holds from the next one on. That costs
 * a call of the system. A file that has become unusable, or that is gone, changes nothing but a line in the log. Safe for any thread.
 */
public final class WatchedKeys {
  private static final System.Logger LOGGER = System.getLogger(WatchedKeys.class.getName());

  private final KeyFile file;
  private final InstantSource clock;
  private volatile Version version;

  private record Version(Optional<KeyFile.Stamp> stamp, KeySet keys) {}

  /**
   * Reads a file and watches it.
   *
   * @throws KeyFileException if it can't be used
   */
  public WatchedKeys(KeyFile file, InstantSource clock) {
    this.file = file;
    this.clock = clock;
    // Before the keys: a change in between is found by the next look.
    Optional<KeyFile.Stamp> stamp = file.stamp();
    version = new Version(stamp, file.read());
    if (file.isReadableByOthers()) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "The key file {0} can be read by others than its owner; run chmod 600 on it.",
          file.path());
    }
  }

  /** The keys of the file now, or of its last version that could be used. */
  public KeySet current() {
    Version known = version;
    Optional<KeyFile.Stamp> stamp = file.stamp();
    return stamp.equals(known.stamp()) ? known.keys() : reload();
  }

  private synchronized KeySet reload() {
    Optional<KeyFile.Stamp> stamp = file.stamp();
    if (stamp.equals(version.stamp())) {
      return version.keys();
    }
    KeySet before = version.keys();
    KeySet keys = before;
    try {
      keys = file.read();
      LOGGER.log(System.Logger.Level.INFO, "Read the key file {0} again: {1} active keys.", file.path(), active(keys));
    } catch (KeyFileException unusable) {
      LOGGER.log(
          System.Logger.Level.ERROR,
          unusable.getMessage() + " The keys of before remain in force: " + active(before) + " active.");
    }
    version = new Version(stamp, keys);
    return keys;
  }

  private long active(KeySet keys) {
    return keys.active(clock.instant());
  }

  /** Finds whose one of these secrets is, see {@link KeySet#match}. */
  public Optional<KeySet.Match> match(List<String> candidates) {
    Instant now = clock.instant();
    return current().match(candidates, now);
  }
}
