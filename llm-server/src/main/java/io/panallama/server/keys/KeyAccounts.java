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

  private final LongSupplier nanoTime;
  private final InstantSource clock;
  private final Map<String, KeyAccount> accounts = new ConcurrentHashMap<>();

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

  /** The account of all keys without an id. */
  public KeyAccount fixed() {
    return of(FIXED, KeyLimits.NONE);
  }

  private KeyAccount of(String id, KeyLimits limits) {
    return accounts.computeIfAbsent(id, name -> new KeyAccount(name, limits, nanoTime, clock));
  }

  /** What the keys that were used have done, by their ids in order. */
  public List<KeyUsage> usage() {
    return accounts.values().stream().map(KeyAccount::usage).sorted(Comparator.comparing(KeyUsage::id)).toList();
  }
}
