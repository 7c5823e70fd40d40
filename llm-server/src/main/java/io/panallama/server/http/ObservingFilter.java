package io.panallama.server.http;

import io.helidon.common.socket.PeerInfo;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Failures;
import io.panallama.server.observe.Arrival;
import io.panallama.server.observe.RequestObserver;
import io.panallama.server.observe.RequestRecord;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Keeps a record of each request and gives it to those who observe requests. Stands before the filters that refuse some. */
public final class ObservingFilter implements Filter {
  private static final System.Logger LOGGER = System.getLogger(ObservingFilter.class.getName());

  /** Those of RFC 9110 and RFC 5789; a client's inventions are not repeated. */
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");

  private static final int LONGEST_HOST = 255;
  private static final int LONGEST_PATH = 2048;

  private final Routes routes;
  private final List<RequestObserver> observers;

  /** The names of headers that observers have asked for. There are few. */
  private final Map<String, HeaderName> names = new ConcurrentHashMap<>();

  /** A filter of all requests to these routes. */
  public ObservingFilter(Routes routes, List<RequestObserver> observers) {
    this.routes = routes;
    this.observers = List.copyOf(observers);
  }

  @Override
  public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
    RequestRecord record = new RequestRecord(arrival(request));
    tell(observer ->
        observer.arrived(record, name -> request.headers().first(names.computeIfAbsent(name, HeaderNames::create))));
    int status = 0;
    boolean gone = false;
    try {
      record.serve(chain::proceed);
      status = response.status().code();
    } catch (RuntimeException | Error ended) {
      gone = ended instanceof CloseConnectionException || ClientConnection.current().gone();
      if (gone) {
        status = Responses.begun(response) ? response.status().code() : 0;
      } else {
        // The error boundary, which is outside of all filters, answers so.
        ApiException error = error(ended);
        status = error.status();
        record.error(ErrorBoundary.wordFor(error));
      }
      throw ended;
    } finally {
      record.end(status, gone);
      tell(observer -> observer.ended(record));
    }
  }

  private static ApiException error(Throwable refused) {
    return refused instanceof HttpException http && http.status().code() < 500
        ? ApiException.invalid(http.status().code(), null, "bad_request", "")
        : Failures.of(refused, path -> path);
  }

  private void tell(Consumer<RequestObserver> what) {
    for (RequestObserver observer : observers) {
      try {
        what.accept(observer);
      } catch (RuntimeException fault) {
        LOGGER.log(System.Logger.Level.ERROR, "An observer of requests has failed", fault);
      }
    }
  }

  private Arrival arrival(RoutingRequest request) {
    ClientConnection connection = ClientConnection.current();
    String method = request.prologue().method().text();
    String path = request.path().rawPath();
    String host = request.headers().first(HeaderNames.HOST).orElse("");
    boolean local = connection.isLocalSocket();
    PeerInfo peer = request.remotePeer();
    return new Arrival(
        connection.requestId(),
        METHODS.contains(method) ? method : "_OTHER",
        request.isSecure() ? "https" : "http",
        connection.isStream() ? "2" : request.prologue().protocolVersion(),
        path.substring(0, Math.min(path.length(), LONGEST_PATH)),
        routes.pattern(request.path().path()),
        host.substring(0, Math.min(host.length(), LONGEST_HOST)),
        local ? "unix" : peer.host(),
        local ? 0 : peer.port());
  }
}
