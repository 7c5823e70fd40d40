package io.panallama.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.observe.EngineStats;
import io.panallama.server.dialect.Failures;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.registry.ModelUnavailableException;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.util.Optional;

/** The state of the server, independent of dialects: {@code /health} and {@code /ready}. */
final class HealthRoutes {
  private final Registry registry;

  HealthRoutes(Registry registry) {
    this.registry = registry;
  }

  /** 200 while the process is alive and answers; says whether it takes requests or only finishes those that run. */
  void health(ServerRequest request, ServerResponse response) {
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
