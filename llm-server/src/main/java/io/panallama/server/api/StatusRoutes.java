package io.panallama.server.api;

import com.fasterxml.jackson.core.JsonGenerator;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.observe.EngineStats;
import io.panallama.server.ServedModel;
import io.panallama.server.wire.ApiException;
import io.panallama.server.wire.Json;
import java.io.IOException;
import java.util.function.Supplier;

/** What is served and how it is: {@code /health}, {@code /ready}, {@code /v1/models}. */
public final class StatusRoutes {
  static final String MODELS = "/v1/models/";

  private final Serving serving;

  public StatusRoutes(Serving serving) {
    this.serving = serving;
  }

  /** The process is alive and answers. */
  public void health(ServerRequest request, ServerResponse response) {
    Responses.json(response, Json.object(json -> json.writeStringField("status", "ok")));
  }

  /** A model is loaded: 200, otherwise 503. */
  public void ready(ServerRequest request, ServerResponse response) {
    Serving.Ready ready = serving.current();
    Supplier<EngineStats> stats = ready.stats();
    Responses.json(
        response,
        Json.object(json -> {
          json.writeStringField("status", "ready");
          json.writeStringField("model", ready.model().id());
          if (stats != null) {
            write(json, stats.get());
          }
        }));
  }

  private static void write(JsonGenerator json, EngineStats stats) throws IOException {
    json.writeNumberField("slots", stats.slots());
    json.writeNumberField("running", stats.running());
    json.writeNumberField("waiting", stats.waiting());
  }

  public void models(ServerRequest request, ServerResponse response) {
    ServedModel model = serving.current().model();
    Responses.json(
        response,
        Json.object(json -> {
          json.writeStringField("object", "list");
          json.writeArrayFieldStart("data");
          json.writeStartObject();
          write(json, model);
          json.writeEndObject();
          json.writeEndArray();
        }));
  }

  /** One model by name; the name may contain slashes. */
  public void model(ServerRequest request, ServerResponse response) {
    ServedModel model = serving.current().model();
    String name = request.path().path().substring(MODELS.length());
    if (!model.answersTo(name)) {
      throw ApiException.modelNotFound(name, model);
    }
    Responses.json(response, Json.object(json -> write(json, model)));
  }

  /** OpenAI's fields, and under {@code meta} what llama-server and we add. */
  private static void write(JsonGenerator json, ServedModel model) throws IOException {
    json.writeStringField("id", model.id());
    json.writeStringField("object", "model");
    json.writeNumberField("created", model.created().getEpochSecond());
    json.writeStringField("owned_by", model.ownedBy());
    json.writeObjectFieldStart("meta");
    json.writeNumberField("n_ctx", model.contextSize());
    json.writeNumberField("n_params", model.parameters());
    json.writeStringField("description", model.description());
    json.writeBooleanField("demo", model.demo());
    json.writeEndObject();
  }
}
