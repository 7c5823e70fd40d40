package io.panallama.server.http;

import java.util.Locale;
import java.util.Set;

/**
 * The names that a {@code Host} header may carry. A page whose own name was rebound to this machine asks for that name; names of
 * loopback and literal addresses can't be rebound, so they are always allowed. Immutable.
 */
final class AllowedHosts {
  private static final String ANY = "*";

  private final boolean anyByDefault;
  private final Set<String> patterns;

  /**
   * The rule of a server.
   *
   * @param loopback whether the server listens on this machine's loopback addresses only
   * @param patterns lower-case host names, in which a {@code *} stands for any characters; if empty, any name is allowed unless
   *     {@code loopback}
   */
  AllowedHosts(boolean loopback, Set<String> patterns) {
    this.anyByDefault = !loopback && patterns.isEmpty();
    this.patterns = patterns;
  }

  /** Whether a {@code Host} header is allowed. */
  boolean allows(String header) {
    String name = withoutPort(header.toLowerCase(Locale.ROOT));
    return anyByDefault
        || isLoopbackName(name)
        || isAddress(name)
        || patterns.contains(ANY)
        || patterns.stream().anyMatch(pattern -> Wildcards.match(pattern, name));
  }

  static String withoutPort(String host) {
    int colon = host.lastIndexOf(':');
    return colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
  }

  /** Whether a lower-case name always means this machine: RFC 6761 has localhost and all names below it resolved to loopback. */
  static boolean isLoopbackName(String name) {
    return name.equals("localhost")
        || name.endsWith(".localhost")
        || name.equals("[::1]")
        || (name.startsWith("127.") && isAddress(name));
  }

  private static boolean isAddress(String name) {
    return name.matches("\\d{1,3}(\\.\\d{1,3}){3}") || name.matches("\\[[0-9a-f:.]+(%25[^\\]]+)?\\]");
  }
}
