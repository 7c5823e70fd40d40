package io.panallama.server.keys;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The keys of a file, in its order. Immutable and safe for any thread. */
public record KeySet(List<AccessKey> keys) {
  /** No keys: everybody is refused. */
  public static final KeySet EMPTY = new KeySet(List.of());

  /**
   * No two keys may have one id, and no secret may be there twice: one that is revoked in one place would be valid by the other.
   *
   * @throws IllegalArgumentException if so
   */
  public KeySet {
    keys = List.copyOf(keys);
    Set<String> ids = new HashSet<>();
    Map<String, String> owners = new HashMap<>();
    for (AccessKey key : keys) {
      if (!ids.add(key.id())) {
        throw new IllegalArgumentException("Two keys have the id " + key.id() + "; each needs one of its own.");
      }
      for (KeySecret secret : key.secrets()) {
        String other = owners.put(secret.sha256(), key.id());
        if (other != null) {
          throw new IllegalArgumentException(
              other.equals(key.id())
                  ? "The key " + other + " has the same sha256 twice; remove one of the two secrets."
                  : "The keys " + other + " and " + key.id() + " have the same sha256; a secret belongs to one key.");
        }
      }
    }
  }

  /** The key of an id. */
  public Optional<AccessKey> find(String id) {
    return keys.stream().filter(key -> key.id().equals(id)).findFirst();
  }

  /** These keys and this one, in the place of the one that has its id. */
  public KeySet with(AccessKey key) {
    List<AccessKey> all = new ArrayList<>(keys);
    int place = find(key.id()).map(keys::indexOf).orElse(-1);
    if (place < 0) {
      all.add(key);
    } else {
      all.set(place, key);
    }
    return new KeySet(all);
  }

  /** How many keys can be used at a time. */
  public long active(Instant now) {
    return keys.stream().filter(key -> key.state(now) == AccessKey.State.ACTIVE).count();
  }

  /** A key that a request has brought, and whether it can be used. */
  public record Match(AccessKey key, AccessKey.State state) {}

  /**
   * Finds whose one of these secrets is; of several the one that can be used. Every hash is compared with every secret, whether or not
   * one before it fits, so the time tells nothing about the keys.
   *
   * @return empty if none is known
   */
  public Optional<Match> match(List<String> candidates, Instant now) {
    Match found = null;
    for (String candidate : candidates) {
      byte[] hash = KeySecret.hash(candidate);
      for (AccessKey key : keys) {
        for (KeySecret secret : key.secrets()) {
          if (secret.matches(hash)) {
            found = better(found, new Match(key, state(key, secret, now)));
          }
        }
      }
    }
    return Optional.ofNullable(found);
  }

  private static AccessKey.State state(AccessKey key, KeySecret secret, Instant now) {
    AccessKey.State state = key.state(now);
    return state == AccessKey.State.ACTIVE && secret.isOver(now) ? AccessKey.State.EXPIRED : state;
  }

  private static Match better(@Nullable Match one, Match other) {
    return one != null && one.state() == AccessKey.State.ACTIVE ? one : other;
  }
}
