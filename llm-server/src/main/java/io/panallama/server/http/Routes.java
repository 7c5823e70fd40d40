package io.panallama.server.http;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.dialect.Access;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.Route;
import io.panallama.server.registry.Registry;
import io.panallama.server.resume.ResumableStreams;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The table of routes. A path is found with and without {@code /v1} in front, with a slash at its end and with doubled slashes,
 * and behind {@code /openai} or the name of an Azure deployment; a route that has exactly the path goes first. A known path with
 * another method is 405, an unknown path 404, both as JSON.
 */
public final class Routes {
  /** The methods that some path answers. */
  static final String ALL_METHODS = "GET, HEAD, POST, DELETE, OPTIONS";

  /** The target of an OPTIONS that is about no path. */
  private static final String WHOLE_SERVER = "*";

  private final Registry registry;
  private final Duration heartbeat;
  private final Requests requests;
  private final ResumableStreams streams;
  private final BodyLimit bodies;
  private final Set<PathPattern> uploads = new HashSet<>();
  private final Map<PathPattern, Map<Method, RouteHandler>> table = new LinkedHashMap<>();
  private final Map<PathPattern, Dialect> dialects = new LinkedHashMap<>();
  private final Map<PathPattern, HeaderRoute> headerRoutes = new LinkedHashMap<>();
  private final Set<PathPattern> openToAll = new HashSet<>();
  private final Map<PathPattern, Map<Method, Access>> accesses = new HashMap<>();

  /**
   * A table with {@code /health}, {@code /livez} and {@code /ready}, which are public.
   *
   * @param heartbeat how long a stream may be silent before it sends something that keeps its connection alive
   * @param strict whether what would be ignored in a request is refused instead
   * @param maxBodyBytes the largest body of a request that is no upload
   * @param streams keeps the streams whose clients want to be able to come back
   */
  public Routes(Registry registry, Duration heartbeat, boolean strict, long maxBodyBytes, ResumableStreams streams) {
    this.streams = streams;
    this.bodies = new BodyLimit(maxBodyBytes, false, "--max-body");
    this.registry = registry;
    this.heartbeat = heartbeat;
    this.requests =
        new Requests(
            strict,
            new BodyBudget(maxBodyBytes, Runtime.getRuntime().maxMemory(), Runtime.getRuntime().availableProcessors()));
    HealthRoutes status = new HealthRoutes(registry);
    openGet("/health", status::health);
    openGet("/livez", status::live);
    openGet("/ready", status::ready);
  }

  /**
   * Adds a path that answers GET.
   *
   * @throws IllegalArgumentException if this path has a GET already
   */
  public void get(String path, Handler handler) {
    add(Method.GET, path, (request, rest, response) -> handle(handler, request, response));
  }

  /**
   * Adds a path that answers GET, also to those who have no key.
   *
   * @throws IllegalArgumentException if this path has a GET already
   */
  public void openGet(String path, Handler handler) {
    get(path, handler);
    openToAll.add(new PathPattern(path));
  }

  /**
   * Adds a path that answers GET, but to keys with this access only.
   *
   * @throws IllegalArgumentException if this path has a GET already
   */
  public void get(String path, Access access, Handler handler) {
    get(path, handler);
    accesses.computeIfAbsent(new PathPattern(path), ignored -> new HashMap<>()).put(Method.GET, access);
  }

  /** What a key needs for a request. Any key gets to know that there is no such route. */
  Access access(ServerRequest request) {
    Optional<Found> found = find(request.path().path());
    HeaderRoute special = found.map(route -> headerRoutes.get(route.pattern())).orElse(null);
    if (special != null && special.takes(request.prologue(), request.headers())) {
      return special.access();
    }
    return found
        .map(route -> accesses.getOrDefault(route.pattern(), Map.of()).get(request.prologue().method()))
        .orElse(Access.ANY);
  }

  /** Whether a path is answered without a key. It is found as its route is, so no spelling of another path passes for it. */
  boolean isPublic(String path) {
    return find(path).filter(found -> openToAll.contains(found.pattern())).isPresent();
  }

  private static void handle(Handler handler, ServerRequest request, ServerResponse response) {
    try {
      handler.handle(request, response);
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Exception checked) {
      throw new IllegalStateException(checked);
    }
  }

  /**
   * Adds a dialect's routes.
   *
   * @throws IllegalArgumentException if one of its methods and paths is taken
   */
  public void add(Dialect dialect) {
    AnswerSender sender = new AnswerSender(dialect, heartbeat);
    for (Route route : dialect.routes()) {
      switch (route) {
        case Route.Generate generate ->
            add(
                Method.POST,
                route.path(),
                new GenerationHandler(registry, dialect, generate, heartbeat, requests, streams));
        case Route.Post post -> add(Method.POST, route.path(), served(dialect, post.handler(), sender));
        case Route.Get get ->
            add(
                Method.GET,
                route.path(),
                (request, rest, response) -> answer(dialect, get.handler(), sender, request, rest, response));
        case Route.HeaderGet get -> add(dialect, get, sender);
        case Route.Refused refused ->
            add(
                Method.POST,
                route.path(),
                (request, rest, response) -> {
                  throw refused.error();
                });
        case Route.Upload upload -> {
          add(
              Method.POST,
              route.path(),
              (request, rest, response) -> upload(dialect, upload, sender, request, rest, response));
          uploads.add(new PathPattern(route.path()));
        }
        case Route.Delete delete -> add(Method.DELETE, route.path(), served(dialect, delete.handler(), sender));
      }
      if (!(route instanceof Route.HeaderGet)) {
        accesses
            .computeIfAbsent(new PathPattern(route.path()), ignored -> new HashMap<>())
            .put(method(route), dialect.access(route));
        dialects.putIfAbsent(new PathPattern(route.path()), dialect);
      }
    }
  }

  private static Method method(Route route) {
    return switch (route) {
      case Route.Get _, Route.HeaderGet _ -> Method.GET;
      case Route.Delete _ -> Method.DELETE;
      case Route.Generate _, Route.Post _, Route.Upload _, Route.Refused _ -> Method.POST;
    };
  }

  /** What answers the GETs of a path that have this header. */
  private record HeaderRoute(Dialect dialect, HeaderName header, RouteHandler handler, Access access) {
    boolean takes(HttpPrologue prologue, Headers headers) {
      return prologue.method().equals(Method.GET) && headers.contains(header);
    }
  }

  private void add(Dialect dialect, Route.HeaderGet get, AnswerSender sender) {
    PathPattern pattern = new PathPattern(get.path());
    table.computeIfAbsent(pattern, ignored -> new LinkedHashMap<>());
    RouteHandler handler = (request, rest, response) -> answer(dialect, get.handler(), sender, request, rest, response);
    HeaderRoute route = new HeaderRoute(dialect, HeaderNames.create(get.header()), handler, dialect.access(get));
    if (headerRoutes.putIfAbsent(pattern, route) != null) {
      throw new IllegalArgumentException("Two routes answer GET " + get.path() + " of requests with a header.");
    }
  }

  private void add(Method method, String path, RouteHandler handler) {
    Map<Method, RouteHandler> methods = table.computeIfAbsent(new PathPattern(path), ignored -> new LinkedHashMap<>());
    if (methods.putIfAbsent(method, handler) != null) {
      throw new IllegalArgumentException("Two routes answer " + method.text() + " " + path + ".");
    }
  }

  private RouteHandler served(Dialect dialect, Route.Handler handler, AnswerSender sender) {
    return (request, rest, response) -> {
      registry.checkServing();
      answer(dialect, handler, sender, request, rest, response);
    };
  }

  private void answer(
      Dialect dialect,
      Route.Handler handler,
      AnswerSender sender,
      ServerRequest request,
      String rest,
      ServerResponse response) {
    ClientRequest asked = requests.read(request, rest);
    try {
      asked.acceptQuery(dialect.harmlessQuery());
      boolean reads = request.prologue().method().equals(Method.GET);
      if (!reads) {
        // Only GETs have parameters; what a strict server refuses must have no effect.
        asked.ignoreUnknownQuery();
      }
      Answer answer =
          ClientConnection.current()
              .whileWanted(cancel -> {}, () -> LargeBodies.read(asked, () -> handler.answer(asked, registry)));
      if (reads) {
        asked.ignoreUnknownQuery();
      }
      requests.tell(asked.ignored(), response);
      asked.account().done();
      sender.send(answer, response);
    } finally {
      // Not sooner: the answer, such as the tokens of a text, may be larger than the body.
      asked.release();
    }
  }

  /** Its client leaving is noticed by the end of the body, so nothing else has to end it. */
  private void upload(
      Dialect dialect,
      Route.Upload upload,
      AnswerSender sender,
      ServerRequest request,
      String rest,
      ServerResponse response) {
    registry.checkServing();
    ClientRequest asked = requests.head(request, rest);
    asked.acceptQuery(dialect.harmlessQuery());
    asked.ignoreUnknownQuery();
    Answer answer;
    try (InputStream body = RequestBody.upload(request)) {
      answer = upload.handler().answer(asked, body, registry);
    } catch (IOException broken) {
      throw new CloseConnectionException("The upload broke off", broken);
    } catch (RuntimeException refused) {
      // The rest of the file is not wanted.
      ClientConnection.current().endAfterAnswer();
      throw refused;
    }
    requests.tell(asked.ignored(), response);
    asked.account().done();
    sender.send(answer, response);
  }

  /** How large the body of a request may be. */
  BodyLimit bodyLimit(String method, String path) {
    boolean upload =
        method.equals(Method.POST.text())
            && !uploads.isEmpty()
            && find(path).filter(found -> uploads.contains(found.pattern())).isPresent();
    return upload
        ? registry.documents().map(library -> BodyLimit.ofFile(library.limits().maxFileBytes())).orElse(bodies)
        : bodies;
  }

  /**
   * A route that a path belongs to.
   *
   * @param rest what stands in place of its {@code *}
   */
  private record Found(PathPattern pattern, String rest) {}

  private Optional<Found> find(String path) {
    String normal = PathPattern.normal(path);
    return find(normal, true)
        .or(() -> find(PathPattern.otherVersion(normal), true))
        .or(() -> find(normal, false))
        .or(() -> find(PathPattern.otherVersion(normal), false));
  }

  private Optional<Found> find(String path, boolean exact) {
    for (PathPattern pattern : table.keySet()) {
      Optional<String> rest = pattern.isExact() == exact ? pattern.match(path) : Optional.empty();
      if (rest.isPresent()) {
        return Optional.of(new Found(pattern, rest.get()));
      }
    }
    return Optional.empty();
  }

  /**
   * The dialect in whose shape a request is answered, whatever happens to it: that of its route or, where there is none, of the
   * header by which a dialect's clients are known, or of the route whose path has the most segments in common. Empty if the
   * path has nothing to do with any dialect.
   */
  Optional<Dialect> dialectOf(ServerRequest request) {
    String path = request.path().path();
    Optional<Found> found = find(path);
    if (found.isEmpty()) {
      return headerRoutes.values().stream()
          .filter(route -> request.headers().contains(route.header()))
          .map(HeaderRoute::dialect)
          .findFirst()
          .or(() -> nearest(path));
    }
    return found
        .map(route -> headerRoutes.get(route.pattern()))
        .filter(route -> route.takes(request.prologue(), request.headers()))
        .map(HeaderRoute::dialect)
        .or(() -> dialectAt(path));
  }

  /** The dialect in whose shape a request to a path is answered, as far as the path alone tells. */
  Optional<Dialect> dialectAt(String path) {
    Optional<Found> found = find(path);
    return found.isEmpty() ? nearest(path) : found.map(route -> dialects.get(route.pattern()));
  }

  private Optional<Dialect> nearest(String path) {
    Dialect nearest = null;
    int most = 0;
    for (Map.Entry<PathPattern, Dialect> entry : dialects.entrySet()) {
      int common = entry.getKey().commonSegments(path);
      if (common > most) {
        nearest = entry.getValue();
        most = common;
      }
    }
    return Optional.ofNullable(nearest);
  }

  /**
   * The table as Helidon takes it. A request passes the filters in order, then its route; failures end in {@code boundary}.
   *
   * @param filters such as guards, keys, limits and metrics
   */
  public HttpRouting.Builder routing(List<Filter> filters, ErrorBoundary boundary) {
    HttpRouting.Builder routing = HttpRouting.builder();
    routing.addFilter(new ConnectionFilter(registry::isClosed, this));
    filters.forEach(routing::addFilter);
    routing.any(this::dispatch);
    boundary.install(routing);
    return routing;
  }

  private void dispatch(ServerRequest request, ServerResponse response) {
    String path = request.path().path();
    boolean options = request.prologue().method().equals(Method.OPTIONS);
    if (options && path.equals(WHOLE_SERVER)) {
      tellMethods(ALL_METHODS, response);
      return;
    }
    Found found = find(path).orElseThrow(() -> notFound(path));
    Map<Method, RouteHandler> methods = table.getOrDefault(found.pattern(), Map.of());
    HeaderRoute special = headerRoutes.get(found.pattern());
    RouteHandler handler =
        special != null && special.takes(request.prologue(), request.headers())
            ? special.handler()
            : methods.get(request.prologue().method());
    if (handler == null) {
      if (options) {
        tellMethods(allowed(methods) + ", OPTIONS", response);
        return;
      }
      throw wrongMethod(path, methods, response);
    }
    handler.handle(request, found.rest(), response);
    responded(found.pattern().text(), request, response.status().code());
  }

  private void responded(String route, ServerRequest request, int status) {
    registry.meter().responded(route, methodName(request), status);
    record(route, request, status);
  }

  private static void record(String route, ServerRequest request, int status) {
    RequestFlight flight = ClientConnection.current().flight();
    if (flight != null) {
      flight.ended(route, methodName(request), status);
      ClientConnection.current().flight(null);
    }
  }

  /** Counts a request whose client has left, if its answer had begun, and records it. */
  void left(ServerRequest request, RoutingResponse response) {
    if (Responses.begun(response)) {
      registry.meter().responded(routeOf(request), methodName(request), response.status().code());
    }
    if (ClientConnection.current().flight() != null) {
      record(routeOf(request), request, 0);
    }
  }

  private String routeOf(ServerRequest request) {
    return pattern(request.path().path());
  }

  /** Counts a request that is answered with an error. */
  void countRefused(ServerRequest request, int status) {
    responded(routeOf(request), request, status);
  }

  /** The pattern of the route that has a path; empty if none has it. */
  String pattern(String path) {
    return find(path).map(found -> found.pattern().text()).orElse("");
  }

  /** The method for the statistics, which count a client's inventions under one name. */
  private static String methodName(ServerRequest request) {
    String method = request.prologue().method().text();
    return ALL_METHODS.contains(method) ? method : "other";
  }

  private static ApiException wrongMethod(String path, Map<Method, RouteHandler> methods, ServerResponse response) {
    response.header(HeaderNames.ALLOW, allowed(methods));
    String allowed = methods.keySet().stream().map(Method::text).collect(Collectors.joining(" or "));
    return ApiException.invalid(405, null, "method_not_allowed", path + " takes " + allowed + " only.");
  }

  private static String allowed(Map<Method, RouteHandler> methods) {
    // Every GET is answered to HEAD as well, see AnswerShaper.
    return methods.keySet().stream()
        .map(method -> method.equals(Method.GET) ? "GET, HEAD" : method.text())
        .collect(Collectors.joining(", "));
  }

  /** Answers OPTIONS. */
  private static void tellMethods(String allowed, ServerResponse response) {
    response.header(HeaderNames.ALLOW, allowed);
    response.status(Status.OK_200).send();
  }

  private static ApiException notFound(String path) {
    return ApiException.invalid(404, null, "not_found", "There is nothing at " + path + ".");
  }
}
