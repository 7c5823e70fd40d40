package io.panallama.server.http;

import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.HttpException;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.Failures;
import io.panallama.server.observe.RequestRecord;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns any failure of a request into an answer in the shape of the dialect that owns its path, or of the first dialect if none
 * does. Faults of the server are logged here; the client only learns that one happened.
 */
public final class ErrorBoundary {
  private static final System.Logger LOGGER = System.getLogger(ErrorBoundary.class.getName());

  private final Routes routes;
  private final Dialect otherwise;
  private final RequestGuard guard;

  private static final FullDisk DISK = new FullDisk(LOGGER, System::nanoTime);

  /**
   * The boundary around these routes.
   *
   * @param otherwise the dialect of errors outside of the routes of any
   * @param guard knows which pages may read the errors of requests that can't be read
   */
  public ErrorBoundary(Routes routes, Dialect otherwise, RequestGuard guard) {
    this.routes = routes;
    this.otherwise = otherwise;
    this.guard = guard;
  }

  void install(HttpRouting.Builder routing) {
    routing.error(HttpException.class, this::answer);
    routing.error(Throwable.class, this::answer);
  }

  private void answer(ServerRequest request, ServerResponse response, Throwable failure) {
    Dialect dialect = routes.dialectOf(request).orElse(otherwise);
    ApiException error = describe(failure, dialect);
    routes.countRefused(request, error.status());
    response.status(Status.create(error.status()));
    if (error.retryAfterSeconds() > 0) {
      response.header(HeaderNames.RETRY_AFTER, Long.toString(error.retryAfterSeconds()));
    }
    if (error.status() == Status.UNSUPPORTED_MEDIA_TYPE_415.code()) {
      response.header(HeaderNames.ACCEPT_ENCODING, RequestBody.CODINGS);
    }
    ClientConnection connection = ClientConnection.current();
    if (connection.mustClose()) {
      response.header(HeaderValues.CONNECTION_CLOSE);
    }
    try {
      Responses.json(response, dialect.errors().write(error, connection.requestId()));
    } catch (CloseConnectionException gone) {
      // Helidon would log a warning with a stack for each client that does not wait for its error.
      connection.endAfterAnswer();
    }
  }

  /** The error that a client of this dialect gets for a failure. A fault of the server is logged. */
  static ApiException describe(Throwable failure, Dialect dialect) {
    return describe(failure, dialect, ErrorBoundary::requestName);
  }

  /**
   * The same for a request that no connection need have any more.
   *
   * @param name what the log calls the request
   */
  static ApiException describe(Throwable failure, Dialect dialect, Supplier<String> name) {
    ApiException error =
        failure instanceof HttpException http && http.status().code() < 500
            ? ApiException.invalid(http.status().code(), null, "bad_request", String.valueOf(http.getMessage()))
            : Failures.of(failure, dialect.fieldNames());
    RequestRecord.current().ifPresent(request -> request.error(wordFor(error)));
    if (error.isFault()) {
      LOGGER.log(System.Logger.Level.ERROR, "Request " + name.get() + " failed: " + error.text(), failure);
    } else if (Failures.DISK_FULL.equals(error.code())) {
      DISK.refused(name.get(), error.text());
    } else if (failure instanceof OutOfMemoryError) {
      LOGGER.log(System.Logger.Level.WARNING, "Request {0} was refused: {1}", name.get(), error.text());
    }
    return error;
  }

  /** What a record says of an error: its code, or its status where that says enough. */
  static String wordFor(ApiException error) {
    String code = error.code();
    return code == null ? Integer.toString(error.status()) : code;
  }

  /** The current request as the log names it: by its id, method and path, and the trace that it belongs to. */
  static String requestName() {
    ClientConnection connection = ClientConnection.current();
    RequestHead head = connection.requestHead();
    String trace = RequestRecord.current().map(RequestRecord::traceId).orElse("");
    return connection.requestId()
        + (head == null ? "" : " (" + head.method() + " " + head.path() + ")")
        + (trace.isEmpty() ? "" : " of trace " + trace);
  }

  private Dialect dialectOf(String path) {
    return routes.dialectAt(path).orElse(otherwise);
  }

  /** Handles failures before or outside of routes, such as a malformed request line. Their answers are JSON as well. */
  public DirectHandlers outsideRoutes() {
    DirectHandlers.Builder handlers = DirectHandlers.builder();
    for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
      handlers.addHandler(type, this::outsideRoute);
    }
    return handlers.build();
  }

  private DirectHandler.TransportResponse outsideRoute(
      DirectHandler.TransportRequest request,
      DirectHandler.EventType type,
      Status status,
      ServerResponseHeaders headers,
      @Nullable String message) {
    Dialect dialect = dialectOf(request.path());
    ApiException error =
        status.code() == Status.INTERNAL_SERVER_ERROR_500.code()
            ? describe(new IllegalStateException(message), dialect)
            : ApiException.invalid(status.code(), null, code(status), text(status, message));
    ClientConnection connection = ClientConnection.current();
    DirectHandler.TransportResponse.Builder answer =
        DirectHandler.TransportResponse.builder()
            .status(status)
            .headers(headers)
            .header(Responses.JSON)
            .header(HeaderValues.CONNECTION_CLOSE)
            .keepAlive(false)
            .entity(dialect.errors().write(error, connection.requestId()));
    answer.header(HeaderValues.create(ConnectionFilter.REQUEST_ID, connection.requestId()));
    RequestHead head = connection.requestHead();
    if (head != null) {
      guard.headers(head.origin(), head.host()).forEach(answer::header);
    }
    return answer.build();
  }

  private static String code(Status status) {
    return switch (status.code()) {
      case 405 -> "method_not_allowed";
      case 408 -> "request_timeout";
      case 413 -> ClientConnection.current().bodyLimit().code();
      case 414, 431 -> "headers_too_large";
      case 417 -> "expectation_failed";
      case 501, 505 -> "not_implemented";
      default -> "bad_request";
    };
  }

  private static String text(Status status, @Nullable String message) {
    return message == null || message.isBlank() ? "The request can't be read: " + status.reasonPhrase() + "." : message;
  }
}
