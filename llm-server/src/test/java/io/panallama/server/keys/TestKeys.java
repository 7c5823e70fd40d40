package io.panallama.server.keys;

import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes keys for tests. */
public final class TestKeys {
  public static final Instant CREATED = Instant.parse("2026-11-30T12:00:00Z");

  private final String id;
  private final List<KeySecret> secrets;
  private @Nullable Instant expires;
  private @Nullable Instant revoked;
  private Set<Role> roles = EnumSet.of(Role.USE);
  private double weight = 1;
  private KeyLimits limits = KeyLimits.NONE;

  private TestKeys(String id, List<KeySecret> secrets) {
    this.id = id;
    this.secrets = secrets;
  }

  /** A key for use, without limits and without an end. */
  public static TestKeys key(String id, KeySecret... secrets) {
    return new TestKeys(id, List.of(secrets));
  }

  /** The same with one secret. */
  public static TestKeys key(String id, String secret) {
    return key(id, KeySecret.of(secret, CREATED));
  }

  public TestKeys withLimits(KeyLimits value) {
    limits = value;
    return this;
  }

  public TestKeys withWeight(double value) {
    weight = value;
    return this;
  }

  public TestKeys withRoles(Role... value) {
    roles = Set.of(value);
    return this;
  }

  public TestKeys expiring(Instant value) {
    expires = value;
    return this;
  }

  public TestKeys revoked(Instant value) {
    revoked = value;
    return this;
  }

  public AccessKey build() {
    return new AccessKey(id, "a note", CREATED, expires, revoked, roles, limits, weight, secrets);
  }
}
