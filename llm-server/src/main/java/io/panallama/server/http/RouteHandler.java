package io.panallama.server.http;

import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/** Answers the requests of a route. */
@FunctionalInterface
interface RouteHandler {
  /**
   * Answers a request.
   *
   * @param rest the part of the path in place of the route's {@code *}, decoded; empty if it has none
   */
  void handle(ServerRequest request, String rest, ServerResponse response);
}
