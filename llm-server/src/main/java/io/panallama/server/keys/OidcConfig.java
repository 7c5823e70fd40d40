package io.panallama.server.keys;

import java.net.InetAddress;
import java.net.URI;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An issuer of OpenID Connect whose access tokens (JWT) a server takes in place of keys. Immutable.
 *
 * @param issuer its URL, exactly as tokens have it in their claim {@code iss}; below it, {@code /.well-known/openid-configuration} tells where
 *     its keys are
 * @param audience what a token's claim {@code aud} must have
 * @param rolesClaim the claim with a subject's roles: a list, or a text with spaces, with the words {@code use} and {@code operate}, also with
 *     {@code panallama:} in front; a path with dots leads into objects ({@code realm_access.roles})
 * @param limits of each subject
 */
public record OidcConfig(URI issuer, String audience, String rolesClaim, KeyLimits limits) {
  /** The claim that is read unless another is named. */
  public static final String DEFAULT_ROLES_CLAIM = "roles";

  /**
   * The texts are checked.
   *
   * @throws IllegalArgumentException if the issuer is no URL that can be trusted, or a text is blank
   */
  public OidcConfig {
    String scheme = String.valueOf(issuer.getScheme()).toLowerCase(Locale.ROOT);
    boolean trusted = scheme.equals("https") || scheme.equals("http") && isLoopback(issuer.getHost());
    if (!trusted || issuer.getHost() == null || issuer.getRawQuery() != null || issuer.getRawFragment() != null) {
      throw new IllegalArgumentException(
          "issuer is "
              + issuer
              + "; give an https URL without a query, such as https://login.example.org/realms/main (http only of this"
              + " machine).");
    }
    if (audience.isBlank()) {
      throw new IllegalArgumentException("audience is blank; give what the issuer puts into the claim aud.");
    }
    if (rolesClaim.isBlank()) {
      throw new IllegalArgumentException("rolesClaim is blank; give the name of a claim, such as roles or scope.");
    }
  }

  /** An issuer whose subjects have their roles in the usual claim, and no limits. */
  public static OidcConfig of(URI issuer, String audience) {
    return new OidcConfig(issuer, audience, DEFAULT_ROLES_CLAIM, KeyLimits.NONE);
  }

  private static boolean isLoopback(@Nullable String host) {
    if (host == null) {
      return false;
    }
    if (host.equalsIgnoreCase("localhost")) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(host.replaceAll("^\\[|]$", "")).isLoopbackAddress();
    } catch (IllegalArgumentException name) {
      return false;
    }
  }
}
