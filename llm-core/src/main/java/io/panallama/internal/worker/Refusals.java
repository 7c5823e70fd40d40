package io.panallama.internal.worker;

import io.panallama.error.GenerationException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Remembers the requests that killed workers, by their hash, for a while. Thread-safe. */
final class Refusals {
  private static final int MOST = 1024;

  private final long nanos;
  private final Map<Key, Entry> entries = new LinkedHashMap<>();

  /** By what a request is known again. */
  record Key(String hash) {}

  private record Entry(long until, String report) {}

  Refusals(Duration time) {
    this.nanos = time.toNanos();
  }

  static Key key(byte[] request) {
    try {
      return new Key(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(request)));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("Every JDK has SHA-256.", impossible);
    }
  }

  synchronized void add(Key key, String report) {
    if (entries.size() >= MOST) {
      entries.remove(entries.keySet().iterator().next());
    }
    entries.put(key, new Entry(System.nanoTime() + nanos, report));
  }

  /**
   * Throws if this request killed a worker a short while ago.
   *
   * @param request its key, which is asked for only if there are such requests
   */
  synchronized void check(Supplier<Key> request) {
    if (entries.isEmpty()) {
      return;
    }
    Key key = request.get();
    Entry entry = entries.get(key);
    if (entry == null) {
      return;
    }
    if (System.nanoTime() - entry.until() > 0) {
      entries.remove(key);
      return;
    }
    throw new GenerationException(
        GenerationException.Reason.ENGINE_KILLED,
        "The engine's process has died of the same request before, so it is not tried again for a while. Report: "
            + entry.report(),
        null);
  }
}
