package io.panallama.server.api;

import io.helidon.http.HeaderNames;
import io.helidon.http.HttpException;
import io.helidon.http.Method;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.page.PageRoutes;
import io.panallama.server.wire.AnswerEncoder;
import io.panallama.server.wire.ApiException;
import io.panallama.server.wire.ChatBody;
import io.panallama.server.wire.CompletionBody;
import io.panallama.server.wire.InfillBody;
import io.panallama.server.wire.InfillEncoder;
import java.time.Duration;

/** The table of routes. A known path with another method is 405, an unknown path 404, both as JSON. */
public final class Routes {
  private static final System.Logger LOGGER = System.getLogger(Routes.class.getName());

  private Routes() {}

  public static HttpRouting.Builder table(Serving serving, RequestGuard guard, Duration heartbeat) {
    HttpRouting.Builder routing = HttpRouting.builder();
    routing.addFilter(guard);
    StatusRoutes status = new StatusRoutes(serving);
    post(
        routing, "/v1/chat/completions", new GenerationRoute(serving, heartbeat, ChatBody::parse, AnswerEncoder::chat));
    post(
        routing,
        "/v1/completions",
        new GenerationRoute(serving, heartbeat, CompletionBody::parse, AnswerEncoder::text));
    post(routing, "/infill", new GenerationRoute(serving, heartbeat, InfillBody::parse, InfillEncoder::create));
    post(routing, "/apply-template", new TemplateRoute(serving));
    get(routing, "/v1/models", status::models);
    get(routing, StatusRoutes.MODELS + "*", status::model);
    get(routing, "/health", status::health);
    get(routing, "/ready", status::ready);
    new PageRoutes().paths().forEach((path, handler) -> get(routing, path, handler));
    routing.any(Routes::notFound);
    routing.error(HttpException.class, (request, response, failure) -> answer(response, failure));
    routing.error(Throwable.class, (request, response, failure) -> answer(response, failure));
    return routing;
  }

  private static void get(HttpRouting.Builder routing, String path, Handler handler) {
    only(routing, Method.GET, path, handler);
  }

  private static void post(HttpRouting.Builder routing, String path, Handler handler) {
    only(routing, Method.POST, path, handler);
  }

  private static void only(HttpRouting.Builder routing, Method method, String path, Handler handler) {
    routing.route(method, path, handler);
    routing.any(
        path,
        (request, response) -> {
          response.header(HeaderNames.ALLOW, method.text());
          throw ApiException.invalid(405, null, "method_not_allowed", path + " takes " + method.text() + " only.");
        });
  }

  private static void notFound(ServerRequest request, ServerResponse response) {
    throw ApiException.invalid(404, null, "not_found", "There is nothing at " + request.path().path() + ".");
  }

  private static void answer(ServerResponse response, Throwable failure) {
    ApiException error =
        failure instanceof HttpException http && http.status().code() < 500
            ? ApiException.invalid(http.status().code(), null, "bad_request", String.valueOf(http.getMessage()))
            : ApiException.of(failure);
    if (error.status() == 500) {
      LOGGER.log(System.Logger.Level.ERROR, "A request failed", failure);
    }
    Responses.error(response, error);
  }
}
