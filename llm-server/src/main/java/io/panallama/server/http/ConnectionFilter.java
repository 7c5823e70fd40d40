package io.panallama.server.http;

import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.util.function.BooleanSupplier;

/** Names the request in its answer, which no browser is to take for something else, and tells the connection when it has been answered. The outermost filter, so that it sees what the others refuse, too. */
final class ConnectionFilter implements Filter {
  static final HeaderName REQUEST_ID = HeaderNames.create(RequestId.HEADER);

  /** Anthropic's name of the same, which its clients read. */
  static final HeaderName ANTHROPIC_REQUEST_ID = HeaderNames.create("Request-Id");

  /** Nothing in an answer is a page or a script because it looks like one. */
  private static final Header NOSNIFF = HeaderValues.createCached("X-Content-Type-Options", "nosniff");

  private final BooleanSupplier draining;
  private final Routes routes;

  /**
   * A filter of all requests.
   *
   * @param draining whether the server is shutting down, so that each request is its connection's last
   * @param routes to which requests belong
   */
  ConnectionFilter(BooleanSupplier draining, Routes routes) {
    this.draining = draining;
    this.routes = routes;
  }

  @Override
  public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
    response.header(REQUEST_ID, ClientConnection.current().requestId());
    response.header(NOSNIFF);
    ClientConnection.current().flight(RequestFlight.begin(ClientConnection.current().requestId()));
    response.header(ANTHROPIC_REQUEST_ID, ClientConnection.current().requestId());
    // To end a connection that is idle, Helidon interrupts its thread. If the next request was there by then, it is
    // answered as the last.
    boolean interrupted = Thread.interrupted();
    if (interrupted || draining.getAsBoolean()) {
      ClientConnection.current().drain();
      response.header(HeaderValues.CONNECTION_CLOSE);
    }
    try {
      chain.proceed();
    } catch (CloseConnectionException gone) {
      routes.left(request, response);
      throw gone;
    } finally {
      boolean last =
          request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)
              || response.headers().containsToken(HeaderValues.CONNECTION_CLOSE);
      ClientConnection.current().requestDone(last);
    }
  }
}
