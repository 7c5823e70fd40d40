package io.panallama.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.Route;
import io.panallama.server.registry.Registry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The table of routes. A known path with another method is 405, an unknown path 404, both as JSON. */
public final class Routes {
  private static final String REST = "*";

  private final Registry registry;
  private final Duration heartbeat;
  private final Map<String, Map<Method, Handler>> table = new LinkedHashMap<>();

  /**
   * A table with {@code /health} and {@code /ready}.
   *
   * @param heartbeat how long a stream may be silent before it sends something that keeps its connection alive
   */
  public Routes(Registry registry, Duration heartbeat) {
    this.registry = registry;
    this.heartbeat = heartbeat;
    HealthRoutes status = new HealthRoutes(registry);
    get("/health", status::health);
    get("/ready", status::ready);
  }

  /**
   * Adds a path that answers GET.
   *
   * @throws IllegalArgumentException if this path has a GET already
   */
  public void get(String path, Handler handler) {
    add(Method.GET, path, handler);
  }

  /**
   * Adds a dialect's routes.
   *
   * @throws IllegalArgumentException if one of its methods and paths is taken
   */
  public void add(Dialect dialect) {
    for (Route route : dialect.routes()) {
      switch (route) {
        case Route.Generate generate ->
            add(Method.POST, route.path(), new GenerationHandler(registry, dialect, generate, heartbeat));
        case Route.Post post -> add(Method.POST, route.path(), (request, response) -> post(post, request, response));
        case Route.Get get -> add(Method.GET, route.path(), (request, response) -> get(get, request, response));
      }
    }
  }

  private void add(Method method, String path, Handler handler) {
    Map<Method, Handler> methods = table.computeIfAbsent(path, ignored -> new LinkedHashMap<>());
    if (methods.putIfAbsent(method, handler) != null) {
      throw new IllegalArgumentException("Two routes answer " + method.text() + " " + path + ".");
    }
  }

  private void post(Route.Post route, ServerRequest request, ServerResponse response) {
    registry.checkServing();
    Responses.json(response, route.handler().answer(Responses.body(request), registry));
  }

  private void get(Route.Get route, ServerRequest request, ServerResponse response) {
    String rest = route.path().endsWith(REST) ? request.path().path().substring(route.path().length() - 1) : "";
    Responses.json(response, route.handler().answer(rest, registry));
  }

  /** Whether a request for {@code path} is answered by the route at {@code pattern}. */
  static boolean matches(String pattern, String path) {
    return pattern.endsWith(REST) ? path.startsWith(pattern.substring(0, pattern.length() - 1)) : path.equals(pattern);
  }

  /**
   * The table as Helidon takes it. A request passes the filters in order, then its route; failures end in {@code boundary}.
   *
   * @param filters such as guards, keys, limits and metrics
   */
  public HttpRouting.Builder routing(List<Filter> filters, ErrorBoundary boundary) {
    HttpRouting.Builder routing = HttpRouting.builder();
    routing.addFilter(new ConnectionFilter(registry::isClosed));
    filters.forEach(routing::addFilter);
    table.forEach((path, methods) -> {
      methods.forEach((method, handler) -> routing.route(method, path, handler));
      routing.any(path, (request, response) -> refuseMethod(path, methods, response));
    });
    routing.any(Routes::notFound);
    boundary.install(routing);
    return routing;
  }

  private static void refuseMethod(String path, Map<Method, Handler> methods, ServerResponse response) {
    // Every GET is answered to HEAD as well, see AnswerShaper.
    response.header(
        HeaderNames.ALLOW,
        methods.keySet().stream()
            .map(method -> method.equals(Method.GET) ? "GET, HEAD" : method.text())
            .collect(Collectors.joining(", ")));
    String allowed = methods.keySet().stream().map(Method::text).collect(Collectors.joining(" or "));
    throw ApiException.invalid(405, null, "method_not_allowed", path + " takes " + allowed + " only.");
  }

  private static void notFound(ServerRequest request, ServerResponse response) {
    throw ApiException.invalid(404, null, "not_found", "There is nothing at " + request.path().path() + ".");
  }
}
