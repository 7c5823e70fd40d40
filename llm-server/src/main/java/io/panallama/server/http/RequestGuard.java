package io.panallama.server.http;

import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Ignored;
import io.panallama.server.resume.ResumableStream;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps foreign web pages out, and lets allowed ones in. A page in the user's browser can reach a server on loopback; two things give
 * it away: the {@code Origin} it was loaded from and, if its own name was rebound to 127.0.0.1, the {@code Host} it asks for.
 *
 * <p>A foreign page is refused before its body is read or anything runs, whatever the body claims to be: browsers send an {@code Origin}
 * with every POST, and with {@code Sec-Fetch-Site} they tell of a foreign page even without one.
 */
public final class RequestGuard implements Filter {
  private static final HeaderName SEC_FETCH_SITE = HeaderNames.create("Sec-Fetch-Site");
  private static final HeaderName ASKS_PRIVATE_NETWORK = HeaderNames.create("Access-Control-Request-Private-Network");
  private static final Header ALLOW_PRIVATE_NETWORK =
      HeaderValues.createCached("Access-Control-Allow-Private-Network", "true");
  private static final Header ALLOW_METHODS =
      HeaderValues.createCached(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, Routes.ALL_METHODS);
  private static final Header EXPOSE =
      HeaderValues.createCached(
          HeaderNames.ACCESS_CONTROL_EXPOSE_HEADERS,
          Ignored.HEADER
              + ", "
              + RequestId.HEADER
              + ", "
              + ConnectionFilter.ANTHROPIC_REQUEST_ID.defaultCase()
              + ", Retry-After, "
              + ResumableStream.ID_HEADER
              + ", "
              + ResumeWish.HEADER);
  private static final Header VARY = HeaderValues.createCached(HeaderNames.VARY, "Origin");

  /** Methods that change nothing here, so that a foreign page which sends them blindly does no harm. */
  private static final Set<Method> SAFE = Set.of(Method.GET, Method.HEAD, Method.OPTIONS);

  private final AllowedHosts hosts;
  private final AllowedOrigins origins;

  /**
   * A guard of a server.
   *
   * @param loopback whether the server listens on this machine's loopback addresses only
   * @param allowedHosts as {@link io.panallama.server.ServerConfig#allowedHosts()} has them
   * @param allowedOrigins as {@link io.panallama.server.ServerConfig#allowedOrigins()} has them
   */
  public RequestGuard(boolean loopback, Set<String> allowedHosts, Set<String> allowedOrigins) {
    this.hosts = new AllowedHosts(loopback, allowedHosts);
    this.origins = new AllowedOrigins(allowedOrigins);
  }

  @Override
  public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
    String host = request.headers().first(HeaderNames.HOST).orElse("");
    String origin = request.headers().first(HeaderNames.ORIGIN).orElse(null);
    if (!ClientConnection.current().isLocalSocket() && !hosts.allows(host)) {
      throw foreignHost(host);
    }
    boolean preflight = request.prologue().method().equals(Method.OPTIONS);
    if (origin == null) {
      checkSite(request);
    } else if (!isOwn(origin, host)) {
      if (!origins.allows(origin)) {
        throw foreignOrigin(origin);
      }
      headers(origin, host).forEach(response::header);
      if (preflight) {
        answerPreflight(request, response);
        return;
      }
    }
    chain.proceed();
  }

  /** The headers that let a page of an allowed origin read the answer; none for other pages and for the server's own. */
  List<Header> headers(@Nullable String origin, @Nullable String host) {
    if (origin == null || isOwn(origin, host == null ? "" : host) || !origins.allows(origin)) {
      return List.of();
    }
    return List.of(HeaderValues.create(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin), EXPOSE, VARY);
  }

  private static void checkSite(RoutingRequest request) {
    boolean foreign = request.headers().first(SEC_FETCH_SITE).filter("cross-site"::equals).isPresent();
    if (foreign && !SAFE.contains(request.prologue().method())) {
      throw ApiException.invalid(
          403, null, "origin_not_allowed", "A page of another site may not use this server without naming its origin.");
    }
  }

  private static boolean isOwn(String origin, String host) {
    return origin.equalsIgnoreCase("http://" + host) || origin.equalsIgnoreCase("https://" + host);
  }

  private static ApiException foreignHost(String host) {
    String name = AllowedHosts.withoutPort(printable(host));
    if (name.isBlank()) {
      return ApiException.invalid(
          403, null, "host_not_allowed", "The header Host names no host; send the server's name or address in it.");
    }
    return ApiException.invalid(
        403,
        null,
        "host_not_allowed",
        "This server does not answer to the name in the Host header, "
            + name
            + ". Use localhost or an address, or start the server with --allowed-hosts "
            + name
            + ".");
  }

  private static ApiException foreignOrigin(String origin) {
    String name = printable(origin);
    if (name.isBlank()) {
      return ApiException.invalid(
          403, null, "origin_not_allowed", "The header Origin is empty; leave it out, or send the page's origin.");
    }
    return ApiException.invalid(
        403,
        null,
        "origin_not_allowed",
        "Pages of the origin "
            + name
            + " may not use this server. Start it with --cors-origins "
            + name
            + " to allow them.");
  }

  private static String printable(String header) {
    String visible = header.toLowerCase(Locale.ROOT).replaceAll("[^!-~]", "?");
    return visible.length() <= 200 ? visible : visible.substring(0, 200) + "...";
  }

  private static void answerPreflight(RoutingRequest request, RoutingResponse response) {
    // Whatever header a client adds (x-stainless-..., anthropic-version) is harmless: an allowed origin may send it.
    String wanted =
        request.headers().first(HeaderNames.ACCESS_CONTROL_REQUEST_HEADERS).orElse("Content-Type, Authorization");
    response.header(ALLOW_METHODS);
    response.header(HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    response.header(HeaderNames.ACCESS_CONTROL_MAX_AGE, "600");
    response.header(HeaderNames.VARY, "Origin, Access-Control-Request-Headers");
    if (request.headers().first(ASKS_PRIVATE_NETWORK).filter("true"::equals).isPresent()) {
      response.header(ALLOW_PRIVATE_NETWORK);
    }
    // Not 204, as in llama-server: some proxies and older browsers take no other status.
    response.status(Status.OK_200).send();
  }
}
