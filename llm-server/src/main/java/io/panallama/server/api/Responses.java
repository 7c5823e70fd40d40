package io.panallama.server.api;

import io.helidon.http.DirectHandler;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.wire.ApiException;
import io.panallama.server.wire.Json;
import org.jspecify.annotations.Nullable;

/** JSON answers and errors. */
public final class Responses {
  private static final Header JSON = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/json");
  private static final Header NO_STORE = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "no-store");

  private Responses() {}

  static void json(ServerResponse response, byte[] json) {
    response.header(JSON);
    response.header(NO_STORE);
    response.send(json);
  }

  /** Answers with OpenAI's error object. */
  public static void error(ServerResponse response, ApiException error) {
    response.status(Status.create(error.status()));
    if (error.retryAfterSeconds() > 0) {
      response.header(HeaderNames.RETRY_AFTER, Long.toString(error.retryAfterSeconds()));
    }
    json(response, Json.error(error));
  }

  /** For what fails before a route is found or outside of one, such as a malformed request line: JSON as well. */
  public static DirectHandlers outsideRoutes() {
    DirectHandlers.Builder handlers = DirectHandlers.builder();
    for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
      handlers.addHandler(type, Responses::outsideRoute);
    }
    return handlers.build();
  }

  private static DirectHandler.TransportResponse outsideRoute(
      DirectHandler.TransportRequest request,
      DirectHandler.EventType type,
      Status status,
      ServerResponseHeaders headers,
      @Nullable String message) {
    ApiException error =
        status.code() >= 500
            ? ApiException.of(new IllegalStateException(message))
            : ApiException.invalid(status.code(), null, code(status), text(status, message));
    return DirectHandler.TransportResponse.builder()
        .status(status)
        .headers(headers)
        .header(JSON)
        .header(HeaderValues.CONNECTION_CLOSE)
        .keepAlive(false)
        .entity(Json.error(error))
        .build();
  }

  private static String code(Status status) {
    return switch (status.code()) {
      case 408 -> "request_timeout";
      case 413 -> "body_too_large";
      case 414, 431 -> "headers_too_large";
      default -> "bad_request";
    };
  }

  private static String text(Status status, @Nullable String message) {
    if (status.code() == 413) {
      return "The body is larger than this server takes.";
    }
    return message == null || message.isBlank() ? "The request can't be read: " + status.reasonPhrase() + "." : message;
  }
}
