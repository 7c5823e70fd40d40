package io.panallama.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.panallama.server.dialect.ApiException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Keeps foreign web pages out. A page in the user's browser can reach a server on loopback; two things give it away: the {@code
 * Origin} it was loaded from and, if its own name was rebound to 127.0.0.1, the {@code Host} it asks for.
 */
public final class RequestGuard implements Filter {
  private static final String ANY = "*";

  private final boolean loopback;
  private final Set<String> allowedHosts;
  private final Set<String> allowedOrigins;

  /**
   * A guard of a listener.
   *
   * @param loopback whether the server listens on a loopback address
   * @param allowedHosts lower-case host names, or {@code "*"}; if empty, loopback names are allowed, and any name if not
   *     {@code loopback}
   * @param allowedOrigins lower-case origins besides the server's own, or {@code "*"}
   */
  public RequestGuard(boolean loopback, Set<String> allowedHosts, Set<String> allowedOrigins) {
    this.loopback = loopback;
    this.allowedHosts = allowedHosts;
    this.allowedOrigins = allowedOrigins;
  }

  @Override
  public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
    String host = request.headers().first(HeaderNames.HOST).orElse("").toLowerCase(Locale.ROOT);
    if (!allowsHost(host)) {
      throw ApiException.invalid(
          403,
          null,
          "host_not_allowed",
          "The Host header must name a host that this server answers to, such as localhost.");
    }
    Optional<String> origin = request.headers().first(HeaderNames.ORIGIN).map(text -> text.toLowerCase(Locale.ROOT));
    if (origin.isPresent() && !isOwn(origin.get(), host)) {
      checkOrigin(origin.get(), response);
      if (request.prologue().method().equals(Method.OPTIONS)) {
        answerPreflight(response);
        return;
      }
    }
    chain.proceed();
  }

  boolean allowsHost(String host) {
    String name = withoutPort(host);
    if (!allowedHosts.isEmpty()) {
      return allowedHosts.contains(name) || allowedHosts.contains(ANY);
    }
    return !loopback
        || name.equals("localhost")
        || name.endsWith(".localhost")
        || name.equals("[::1]")
        || name.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
  }

  private static String withoutPort(String host) {
    int colon = host.lastIndexOf(':');
    return colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
  }

  private static boolean isOwn(String origin, String host) {
    return origin.equals("http://" + host) || origin.equals("https://" + host);
  }

  private void checkOrigin(String origin, RoutingResponse response) {
    if (!allowedOrigins.contains(origin) && !allowedOrigins.contains(ANY)) {
      throw ApiException.invalid(403, null, "origin_not_allowed", "Pages of other origins may not use this server.");
    }
    response.header(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.header(HeaderNames.VARY, "Origin");
  }

  private static void answerPreflight(RoutingResponse response) {
    response.header(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
    response.header(HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Authorization");
    response.header(HeaderNames.ACCESS_CONTROL_MAX_AGE, "600");
    response.status(Status.NO_CONTENT_204).send();
  }
}
