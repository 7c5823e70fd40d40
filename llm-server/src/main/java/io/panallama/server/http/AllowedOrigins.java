package io.panallama.server.http;

import java.util.Locale;
import java.util.Set;

/** The origins whose pages may use the server from a browser, besides the server's own. Immutable. */
final class AllowedOrigins {
  private static final String ANY = "*";
  private static final String LOOPBACK = "localhost";

  /** What browsers send for pages that have no origin that could be named, such as files. */
  private static final String OPAQUE = "null";

  /** What programs with a browser inside send for their files. */
  private static final String FILE = "file://";

  private final Set<String> patterns;

  /**
   * The rule of a server.
   *
   * @param patterns as {@link io.panallama.server.ServerConfig#allowedOrigins()} has them
   */
  AllowedOrigins(Set<String> patterns) {
    this.patterns = patterns;
  }

  /** Whether an {@code Origin} header is allowed. */
  boolean allows(String header) {
    String origin = header.toLowerCase(Locale.ROOT);
    return patterns.contains(ANY) || patterns.stream().anyMatch(pattern -> allows(pattern, origin));
  }

  private static boolean allows(String pattern, String origin) {
    return switch (pattern) {
      case LOOPBACK -> isLoopback(origin);
      case OPAQUE -> origin.equals(OPAQUE) || origin.equals(FILE);
      default -> Wildcards.match(pattern, origin);
    };
  }

  private static boolean isLoopback(String origin) {
    int scheme = origin.startsWith("http://") ? 7 : origin.startsWith("https://") ? 8 : -1;
    return scheme > 0 && AllowedHosts.isLoopbackName(AllowedHosts.withoutPort(origin.substring(scheme)));
  }
}
