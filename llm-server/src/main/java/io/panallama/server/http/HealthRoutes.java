package io.panallama.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.observe.EngineStats;
import io.panallama.server.dialect.Failures;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.registry.ModelUnavailableException;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.util.Optional;

/** The state of the server, independent of dialects: {@code /health}, {@code /livez} and {@code /ready}. */
final class HealthRoutes {
  private final Registry registry;

  HealthRoutes(Registry registry) {
    this.registry = registry;
  }

  /** llama-server's answer while it loads its model; its clients wait until they get another one. */
  private static final byte[] LOADING =
      Json.object(json -> {
        json.writeObjectFieldStart("error");
        json.writeNumberField("code", Status.SERVICE_UNAVAILABLE_503.code());
        json.writeStringField("message", "Loading model");
        json.writeStringField("type", "unavailable_error");
        json.writeEndObject();
      });

  /** 503 while the first model is being loaded; otherwise as {@link #live}, also while an engine is replaced or has failed. */
  void health(ServerRequest request, ServerResponse response) {
    if (registry.isLoading()) {
      response.status(Status.SERVICE_UNAVAILABLE_503);
      response.header(HeaderNames.RETRY_AFTER, "1");
      Responses.json(response, LOADING);
    } else {
      live(request, response);
    }
  }

  /** 200 while the process is alive and answers; says whether it takes requests or only finishes those that run. */
  void live(ServerRequest request, ServerResponse response) {
    Responses.json(
        response, Json.object(json -> json.writeStringField("status", registry.isClosed() ? "draining" : "ok")));
  }

  /** 200 while every served model can generate; otherwise 503 with the reason. */
  void ready(ServerRequest request, ServerResponse response) {
    Registry.Ready ready;
    try {
      ready = registry.checkReady().getFirst();
    } catch (ModelUnavailableException unavailable) {
      throw Failures.notReady(unavailable);
    }
    Responses.json(
        response,
        Json.object(json -> {
          json.writeStringField("status", "ready");
          json.writeStringField("model", ready.model().id());
          Optional<EngineStats> stats = ready.stats();
          if (stats.isPresent()) {
            write(json, stats.get());
          }
        }));
  }

  private static void write(JsonGenerator json, EngineStats stats) throws IOException {
    json.writeNumberField("slots", stats.slots());
    json.writeNumberField("running", stats.running());
    json.writeNumberField("waiting", stats.waiting());
  }
}
