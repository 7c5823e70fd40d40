package io.panallama.server.dialect;

import io.panallama.server.keys.Role;
import java.util.Set;

/**
 * What a key needs for a route.
 *
 * @param roles the key needs one of these
 * @param limited whether requests count towards the key's limits, and are refused beyond them
 */
public record Access(Set<Role> roles, boolean limited) {
  /** For operators of the server. */
  public static final Access OPERATE = new Access(Set.of(Role.OPERATE), false);

  /** For every key: what clients ask before they use the server. */
  public static final Access ANY = new Access(Set.of(Role.USE, Role.OPERATE), false);

  /** For users, and without limits, as it costs next to nothing. */
  public static final Access FREE = new Access(Set.of(Role.USE), false);

  /** For users, within their limits. */
  public static final Access USE = new Access(Set.of(Role.USE), true);

  /** The components are copied. */
  public Access {
    roles = Set.copyOf(roles);
  }

  /** What most routes need: those that compute or store count towards limits. */
  public static Access usual(Route route) {
    return switch (route) {
      case Route.Generate _, Route.Post _, Route.Upload _ -> USE;
      case Route.Get _, Route.HeaderGet _, Route.Refused _, Route.Delete _ -> FREE;
    };
  }
}
