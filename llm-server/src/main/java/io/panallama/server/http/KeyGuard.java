package io.panallama.server.http;

import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.panallama.server.dialect.ApiException;
import java.util.Collection;

/**
 * Keeps requests without a key out, before their bodies are read. Routes that are public are answered to everybody, and so is OPTIONS,
 * since browsers send no key with a preflight.
 */
public final class KeyGuard implements Filter {
  private static final HeaderName API_KEY = HeaderNames.create("x-api-key");

  /** That of Azure's clients. */
  private static final HeaderName AZURES_KEY = HeaderNames.create("api-key");

  private static final Header CHALLENGE = HeaderValues.createCached(HeaderNames.WWW_AUTHENTICATE, "Bearer");

  private final ApiKeys keys;
  private final Routes routes;

  /**
   * A guard of these routes.
   *
   * @param keys as {@link io.panallama.server.ServerConfig#apiKeys()} has them; without any, everybody is let in
   */
  public KeyGuard(Collection<String> keys, Routes routes) {
    this.keys = new ApiKeys(keys);
    this.routes = routes;
  }

  @Override
  public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
    boolean open = request.prologue().method().equals(Method.OPTIONS) || routes.isPublic(request.path().path());
    if (!open) {
      ApiKeys.Verdict verdict =
          keys.judge(
              request.headers().first(HeaderNames.AUTHORIZATION).orElse(null),
              request.headers().first(API_KEY).or(() -> request.headers().first(AZURES_KEY)).orElse(null));
      if (verdict != ApiKeys.Verdict.ACCEPTED) {
        response.header(CHALLENGE);
        throw verdict == ApiKeys.Verdict.MISSING ? ApiException.missingKey() : ApiException.wrongKey();
      }
    }
    chain.proceed();
  }
}
