package io.panallama.server.keys;

import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** The accounts of a server's keys, each made when its key is used for the first time. Safe for any thread. */
public final class KeyAccounts {
  /** The id of the account of all keys that are options of the server and have neither ids nor limits. No key's id has dashes first. */
  public static final String FIXED = "--api-key";

  private static final int MANY_SUBJECTS = 10_000;

  private final LongSupplier nanoTime;
  private final InstantSource clock;
  private final Map<String, KeyAccount> accounts = new ConcurrentHashMap<>();

  /** Those of an issuer's subjects, of which there may be many. */
  private final Map<String, KeyAccount> subjects = new ConcurrentHashMap<>();

  /**
   * No accounts yet.
   *
   * @param nanoTime a clock that never jumps, such as {@link System#nanoTime}
   * @param clock tells the day
   */
  public KeyAccounts(LongSupplier nanoTime, InstantSource clock) {
    this.nanoTime = nanoTime;
    this.clock = clock;
  }

  /** The account of a key, with the limits that the key has now. */
  public KeyAccount of(AccessKey key) {
    KeyAccount account = of(key.id(), key.limits());
    account.limit(key.limits());
    account.weight(key.weight());
    return account;
  }

  /** The account of a subject of an issuer. Beyond {@value #MANY_SUBJECTS} of them, those that have used nothing of their limits are forgotten. */
  public KeyAccount ofSubject(String id, KeyLimits limits) {
    if (subjects.size() >= MANY_SUBJECTS && !subjects.containsKey(id)) {
      subjects.values().removeIf(KeyAccount::isFresh);
    }
    return subjects.computeIfAbsent(id, name -> new KeyAccount(name, limits, nanoTime, clock));
  }

  /** The account of all keys without an id. */
  public KeyAccount fixed() {
    return of(FIXED, KeyLimits.NONE);
  }

  private KeyAccount of(String id, KeyLimits limits) {
    return accounts.computeIfAbsent(id, name -> new KeyAccount(name, limits, nanoTime, clock));
  }

  /** What the keys that were used have done, by their ids in order; those of an issuer's subjects are not listed. */
  public List<KeyUsage> usage() {
    return accounts.values().stream().map(KeyAccount::usage).sorted(Comparator.comparing(KeyUsage::id)).toList();
  }
}
