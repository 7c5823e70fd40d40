package io.panallama.cli;

import io.panallama.server.ServerConfig;
import io.panallama.server.keys.KeyLimits;
import io.panallama.server.keys.OidcConfig;
import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whose access tokens the server takes in place of keys. */
final class OidcOptions {
  @Option(
      names = "--oidc-issuer",
      paramLabel = "URL",
      description =
          "Issuer of OpenID Connect whose access tokens (JWT) requests may bring in place of keys; exactly as the"
              + " tokens have it in iss. Default: none.")
  private @Nullable String issuer;

  @Option(
      names = "--oidc-audience",
      paramLabel = "NAME",
      description = "What the tokens of --oidc-issuer have in aud. Default: none, and --oidc-issuer needs it.")
  private @Nullable String audience;

  @Option(
      names = "--oidc-roles-claim",
      paramLabel = "NAME",
      description =
          "Claim with the roles use and operate (also panallama:use ...), such as scope or realm_access.roles."
              + " Default: roles.")
  private @Nullable String rolesClaim;

  @Option(
      names = "--oidc-requests-per-minute",
      paramLabel = "N",
      description = "Most requests of a subject (sub) in a minute; beyond it, requests get 429. Default: no limit.")
  private long requestsPerMinute;

  @Option(
      names = "--oidc-concurrent-requests",
      paramLabel = "N",
      description = "Most requests of a subject that are answered at a time. Default: no limit.")
  private long concurrentRequests;

  @Option(
      names = "--oidc-tokens-per-minute",
      paramLabel = "N",
      description = "Most tokens of a subject's prompts and answers in a minute. Default: no limit.")
  private long tokensPerMinute;

  @Option(
      names = "--oidc-tokens-per-day",
      paramLabel = "N",
      description = "Most tokens of a subject's prompts and answers in a day of UTC. Default: no limit.")
  private long tokensPerDay;

  /**
   * Applies these options.
   *
   * @throws UsageException if one is missing that another needs, or a value is no good
   */
  void configure(ServerConfig.Builder server) {
    if (issuer == null) {
      if (audience != null || rolesClaim != null || isLimited()) {
        throw new UsageException("The options --oidc-... need --oidc-issuer, the URL of the tokens' issuer.");
      }
      return;
    }
    if (audience == null) {
      throw new UsageException(
          "--oidc-issuer needs --oidc-audience: without it, tokens that the issuer made for other programs would do.");
    }
    try {
      server.oidc(
          new OidcConfig(
              new URI(issuer),
              audience,
              rolesClaim == null ? OidcConfig.DEFAULT_ROLES_CLAIM : rolesClaim,
              new KeyLimits(requestsPerMinute, concurrentRequests, tokensPerMinute, tokensPerDay)));
    } catch (URISyntaxException malformed) {
      throw new UsageException("--oidc-issuer is no URL: " + malformed.getMessage() + ".", malformed);
    } catch (IllegalArgumentException refused) {
      throw new UsageException("--oidc-" + named(String.valueOf(refused.getMessage())), refused);
    }
  }

  private boolean isLimited() {
    return requestsPerMinute != 0 || concurrentRequests != 0 || tokensPerMinute != 0 || tokensPerDay != 0;
  }

  /** The message, which begins with the name of a component, with the option's name in its place. */
  private static String named(String message) {
    return message
        .replaceFirst("^rolesClaim", "roles-claim")
        .replaceFirst("^requestsPerMinute", "requests-per-minute")
        .replaceFirst("^concurrentRequests", "concurrent-requests")
        .replaceFirst("^tokensPerMinute", "tokens-per-minute")
        .replaceFirst("^tokensPerDay", "tokens-per-day");
  }
}
