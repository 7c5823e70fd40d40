package io.panallama.server.keys;

import io.panallama.request.Tenant;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A key of a server's user. Immutable.
 *
 * @param id its name, which is no secret: letters, digits, {@code _}, {@code .} and {@code -}, at most 64
 * @param note what it is for; may be empty
 * @param created when it was made
 * @param expires when it ends; null if it does not by itself
 * @param revoked when it was revoked; null if it was not
 * @param roles what it is for, at least one
 * @param limits how much it may do
 * @param weight its share of the engine while others wait, in proportion to theirs; 1 for most
 * @param secrets the hashes of its secrets, the current one first; those before it are valid until a rotation's grace is over
 */
public record AccessKey(
    String id,
    String note,
    Instant created,
    @Nullable Instant expires,
    @Nullable Instant revoked,
    Set<Role> roles,
    KeyLimits limits,
    double weight,
    List<KeySecret> secrets) {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?");

  /** The longest note, in characters. */
  public static final int LONGEST_NOTE = 200;

  /** A key of weight 1. */
  public AccessKey(
      String id,
      String note,
      Instant created,
      @Nullable Instant expires,
      @Nullable Instant revoked,
      Set<Role> roles,
      KeyLimits limits,
      List<KeySecret> secrets) {
    this(id, note, created, expires, revoked, roles, limits, 1, secrets);
  }

  /** Whether a key can be used. */
  public enum State {
    ACTIVE,
    EXPIRED,
    REVOKED
  }

  /**
   * The id, the note, the roles and the weight are checked.
   *
   * @throws IllegalArgumentException if one is not as it must be
   */
  public AccessKey {
    if (!isId(id)) {
      throw new IllegalArgumentException("id must be 1 to 64 letters, digits, and _ . - between them.");
    }
    if (note.length() > LONGEST_NOTE || note.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "note must be one line of at most " + LONGEST_NOTE + " characters, without control characters.");
    }
    if (roles.isEmpty()) {
      throw new IllegalArgumentException("roles is empty; a key needs use, operate, or both.");
    }
    if (!(weight >= Tenant.LEAST_WEIGHT && weight <= Tenant.MOST_WEIGHT)) {
      throw new IllegalArgumentException(
          "weight is " + weight + "; it must be " + Tenant.LEAST_WEIGHT + " to " + (int) Tenant.MOST_WEIGHT + ".");
    }
    roles = Set.copyOf(roles);
    secrets = List.copyOf(secrets);
  }

  /** Whether a text can be an id. */
  public static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  /** Whether it can be used at a time. */
  public State state(Instant now) {
    if (revoked != null) {
      return State.REVOKED;
    }
    return expires != null && !now.isBefore(expires) ? State.EXPIRED : State.ACTIVE;
  }

  /** The names of the roles in one text, such as {@code use,operate}. */
  public String roleNames() {
    return EnumSet.copyOf(roles).stream().map(Role::wireName).collect(Collectors.joining(","));
  }

  /**
   * The same key with a new secret.
   *
   * @param graceEnd until when the secrets before it are valid
   */
  public AccessKey rotated(KeySecret secret, Instant graceEnd) {
    List<KeySecret> all = new ArrayList<>();
    all.add(secret);
    if (graceEnd.isAfter(secret.created())) {
      secrets.stream().filter(old -> !old.isOver(secret.created())).map(old -> old.until(graceEnd)).forEach(all::add);
    }
    return new AccessKey(id, note, created, expires, revoked, roles, limits, weight, all);
  }

  /** The same key with another end. */
  public AccessKey expiring(@Nullable Instant end) {
    return new AccessKey(id, note, created, end, revoked, roles, limits, weight, secrets);
  }

  /** The same key, which can't be used any more. It keeps its id, so that logs stay readable. */
  public AccessKey revoked(Instant now) {
    return new AccessKey(id, note, created, expires, now, roles, limits, weight, secrets);
  }
}
