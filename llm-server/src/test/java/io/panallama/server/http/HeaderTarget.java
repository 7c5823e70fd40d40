package io.panallama.server.http;

import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * A target of {@code .ci/fuzz-coverage}: what is read of a header or of a path. A name that is not of this machine must not get in, however it
 * is written.
 */
public final class HeaderTarget {
  private static final AllowedHosts HOSTS = new AllowedHosts(true, Set.of("*.example.org"));
  private static final AllowedOrigins ORIGINS = new AllowedOrigins(Set.of("https://*.example.org"));

  private HeaderTarget() {}

  /** Reads the input; anything thrown is a fault. */
  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    HOSTS.allows(text);
    ORIGINS.allows(text);
    PathPattern.normal("/" + text);
    new PathPattern("/v1/responses/*/input_items").match(PathPattern.normal("/" + text));
    Wildcards.match(text, text);
    int half = text.length() / 2;
    Wildcards.match(text.substring(0, half), text.substring(half));
  }
}
